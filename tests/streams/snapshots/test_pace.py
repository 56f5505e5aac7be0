from streams.snapshots import Pace


def test_the_next_snapshot_is_due_ten_seconds_after_the_last_one_began() -> None:
    pace = Pace(began=100.0, took=0.5)

    assert pace.due == 110.0
    assert not pace.is_due(109.999)
    assert pace.is_due(110.0)


def test_a_slow_snapshot_is_taken_a_twentieth_of_the_time() -> None:
    assert Pace(began=100.0, took=0.501).due == 110.02
    assert Pace(began=100.0, took=5.0).due == 200.0
