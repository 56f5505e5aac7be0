"""What is done about a problem: playbook, policy, ledger, outbox and one executor per effect."""
