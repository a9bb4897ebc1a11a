from latent_xlate.benchmarks.timing import Stopwatch


def test_stopwatch_counts_all_but_pauses():
    now = 5.0
    watch = Stopwatch(lambda: now)
    now += 2
    with watch.paused():
        now += 10
        assert watch.seconds == 12
    assert watch.seconds == 2
    try:
        with watch.paused():
            now += 4
            raise ValueError
    except ValueError:
        now += 1
    assert watch.seconds == 3
