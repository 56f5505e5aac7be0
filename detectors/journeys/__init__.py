"""State as columns: facts, folds, versions, and which event writes which fact."""
