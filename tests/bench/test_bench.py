"""The benchmark: its arithmetic by hand and with a fake clock, its checks by contestants that cheat.

Nothing here asks how fast anything is: that depends on the machine, and on what else it does.
"""

import gc
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nnlab import bench
from nnlab.__main__ import main
from nnlab.bench import cases, contestants, figures, memory, report, scaling
from nnlab.bench.contestants import (
    EPOCHS,
    INFERENCE,
    LOOPS,
    Contestant,
    FloorLoop,
    NnlabForward,
    NnlabLoop,
    SklearnLoop,
    TorchLoop,
    Unsuitable,
)
from nnlab.bench.rounds import choose

matplotlib.use("Agg")

STEP = "step 784-64-10 SGD batch 32"
linux_only = pytest.mark.skipif(not memory.available(), reason="memory is measured on Linux only")


def small_task(outputs=3, optimizer="SGD", batch=8, rows=80):
    return cases.Setup((6, 5, outputs), optimizer, batch, rows).task()


def a_result(case="step", left_out=None, data="random numbers", **seconds):
    timing = bench.Timing({name: np.array(values, float) for name, values in seconds.items()}, steps=4)
    return bench.Result(case, data, timing, left_out or {})


# ------------------------------------------------------------------------------------------- rounds


def test_the_order_is_rotated_and_every_other_lap_reversed():
    names = ["a", "b", "c"]
    rounds = ["".join(bench.order(names, number)) for number in range(6)]
    assert rounds == ["abc", "bca", "cab", "cba", "acb", "bac"]


@given(st.integers(2, 6))
def test_each_is_first_equally_often_and_follows_different_ones(n):
    rounds = [bench.order(range(n), number) for number in range(2 * n)]
    assert all([r[0] for r in rounds].count(name) == 2 for name in range(n))
    before = {name: {r[r.index(name) - 1] for r in rounds if r[0] != name} for name in range(n)}
    assert all(len(others) == min(2, n - 1) for others in before.values())


def test_timed_looks_at_the_clock_before_and_after_the_work():
    events = []
    ticks = iter([10.0, 17.5])

    def clock():
        events.append("clock")
        return next(ticks)

    assert bench.timed(events.append, clock)(3) == 7.5
    assert events == ["clock", 3, "clock"]


def test_rounds_are_interleaved_after_a_warm_up_that_does_not_count():
    log, told = [], []

    def player(name, seconds):
        def turn(steps):
            log.append(name)
            return next(seconds) * steps

        return turn

    turns = {"a": player("a", iter([99, 1, 2, 3, 4])), "b": player("b", iter([99, 5, 6, 7, 8]))}
    timing = bench.run_rounds(turns, steps=10, rounds=4, report=told.append)
    assert "".join(log) == "ab" + "ab" + "ba" + "ba" + "ab"
    assert timing.seconds["a"].tolist() == [1, 2, 3, 4]  # per step
    assert timing.seconds["b"].tolist() == [5, 6, 7, 8]
    assert timing.steps == 10
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_garbage_is_not_collected_within_a_round_but_afterwards():
    seen = []

    def turn(steps):
        seen.append(gc.isenabled())
        return 1.0

    bench.run_rounds({"a": turn}, steps=1, rounds=2)
    assert seen == [True, False, False]
    assert gc.isenabled()

    def broken(steps):
        if not gc.isenabled():
            raise RuntimeError("within a round")
        return 1.0

    with pytest.raises(RuntimeError, match="within a round"):
        bench.run_rounds({"a": broken}, steps=1, rounds=1)
    assert gc.isenabled()


def test_a_rest_comes_before_each_turn_and_is_not_timed(monkeypatch):
    log = []
    monkeypatch.setattr("time.sleep", log.append)

    def turn(steps):
        log.append("turn")
        return 1.0

    bench.run_rounds({"a": turn, "b": turn}, steps=1, rounds=1, rest=0.25)
    assert log == ["turn", "turn", 0.25, "turn", 0.25, "turn"]  # the warm-up needs none
    assert bench.rest(1) == 0 < bench.rest(2)


@pytest.mark.parametrize(("steps", "rounds"), [(0, 1), (1, 0)])
def test_no_steps_or_no_rounds_are_refused(steps, rounds):
    with pytest.raises(ValueError, match=r"run_rounds expected (steps|rounds) .*got 0"):
        bench.run_rounds({"a": lambda steps: 1.0}, steps, rounds)


def test_medians_quartiles_and_ratios_by_hand():
    timing = bench.Timing({"a": np.array([1.0, 2, 3, 4, 50]), "b": np.array([2.0, 2, 4, 4, 25])}, steps=1)
    assert timing.median("a") == 3
    assert timing.quartiles("a") == (2, 4)
    assert timing.ratio("a", "b") == 1  # of 0.5, 1, 0.75, 1, 2
    assert timing.ratio_quartiles("a", "b") == (0.75, 1)


@given(st.lists(st.floats(1, 100), min_size=3, max_size=9))
def test_a_slow_spell_of_the_machine_leaves_the_ratio_as_it_is(slowness):
    slowness = np.array(slowness)
    timing = bench.Timing({"a": 2.0 * slowness, "b": 5.0 * slowness}, steps=1)
    assert timing.ratio("a", "b") == pytest.approx(0.4)
    assert timing.ratio_quartiles("a", "b") == pytest.approx((0.4, 0.4))


@pytest.mark.parametrize(
    ("cost", "least", "expected"),
    [
        (0.001, 1, (25, 40)),  # two contestants, 1 ms each: 25 steps make a round of 50 ms, 40 of them 2 s
        (0.1, 1, (1, 10)),  # a step is longer than a round should be: 10 rounds of 0.2 s
        (0.001, 100, (100, 10)),  # no fewer than 100 steps
        (1.0, 3, (3, 7)),  # no fewer than 7 rounds
    ],
)
def test_steps_and_rounds_are_chosen_by_what_a_step_costs(cost, least, expected):
    turns = {name: lambda steps: cost * steps for name in "ab"}
    chosen = choose(turns, round_seconds=0.05, seconds=2, least_steps=least, least_rounds=7)
    assert chosen == expected


# ------------------------------------------------------------------------------------------- the same work

ALL_SAME = [
    (LOOPS, small_task()),
    (LOOPS, small_task(optimizer="Adam")),
    (LOOPS, small_task(outputs=1)),
    (EPOCHS, small_task(batch=80)),
    (EPOCHS, small_task(outputs=1, batch=80)),
    (INFERENCE, small_task()),
    (INFERENCE | {"nnlab": NnlabForward}, small_task()),
]


@pytest.mark.parametrize(
    ("kinds", "task"), ALL_SAME, ids=["SGD", "Adam", "sigmoid", "fit", "fit1", "predict", "forward"]
)
def test_all_contestants_do_the_same_work(kinds, task):
    made = {name: kind(task) for name, kind in kinds.items()}
    assert bench.agree(made, steps=25) < 1e-3  # more steps than there are batches: they come round again
    outcomes = [contestant.outcome() for name, contestant in made.items() if name != "floor"]
    assert len(outcomes) == 3
    assert all(outcome for outcome in outcomes)
    assert made["floor"].outcome() == {}


def test_shuffled_epochs_are_the_same_in_nnlab_and_torch():
    task = small_task(optimizer="Adam")
    assert bench.agree({name: EPOCHS[name](task) for name in ("nnlab", "torch")}, steps=3) < 1e-3


def test_training_moves_every_parameter_and_lowers_the_loss():
    task = small_task(optimizer="Adam", rows=800)
    contestant = NnlabLoop(task)
    contestant.work(10)
    early = contestant.outcome()
    contestant.work(500)
    late = contestant.outcome()
    assert all(np.abs(late[f"parameter {i}"]).max() > 0 for i in range(4))
    assert late["loss"] < 0.9 * early["loss"]


def test_work_does_as_many_steps_as_asked():
    contestant = SklearnLoop(small_task(optimizer="Adam"))
    contestant.work(25)
    assert contestant.model._optimizer.t == 25
    nnlab = NnlabLoop(small_task())
    nnlab.work(25)
    assert nnlab.optimizer.t == 25


class Faster(TorchLoop):
    def __init__(self, task):
        super().__init__(task)
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=1.05 * task.lr)


class WithMomentum(TorchLoop):
    def __init__(self, task):
        super().__init__(task)
        self.optimizer = torch.optim.SGD(self.module.parameters(), lr=task.lr, momentum=0.5)


class WithoutBiases(TorchLoop):
    def __init__(self, task):
        super().__init__(task)
        weights = [p for p in self.module.parameters() if p.ndim == 2]
        self.optimizer = torch.optim.SGD(weights, lr=task.lr)


class OtherBatches(TorchLoop):
    def __init__(self, task):
        super().__init__(task)
        self.batches = self.batches[::-1]


class OneStepLess(TorchLoop):
    def work(self, steps):
        super().work(steps - 1)


class OtherStart(TorchLoop):
    def __init__(self, task):
        super().__init__(task)
        torch.nn.init.constant_(self.module[0].weight, 0.01)


class Diverged(TorchLoop):
    def outcome(self):
        return {name: np.full_like(value, np.nan) for name, value in super().outcome().items()}


CHEATS = [Faster, WithMomentum, WithoutBiases, OtherBatches, OneStepLess, OtherStart, Diverged]


@pytest.mark.parametrize("cheat", CHEATS)
def test_who_trains_something_else_is_found_out(cheat):
    task = small_task()
    with pytest.raises(bench.Disagreement, match="cheat and nnlab did not do the same work: after 10 steps"):
        bench.agree({"nnlab": NnlabLoop(task), "cheat": cheat(task)})


def test_who_gives_no_such_result_is_found_out():
    class Other(Contestant):
        def work(self, steps):
            pass

        def outcome(self):
            return {"loss": np.zeros(2)}

    with pytest.raises(bench.Disagreement, match=r"other gave .* as loss"):
        bench.agree({"nnlab": NnlabLoop(small_task()), "other": Other()})


def test_measure_refuses_to_time_what_disagrees():
    task = small_task()
    makers = {"nnlab": lambda: NnlabLoop(task), "torch": lambda: Faster(task)}
    with pytest.raises(bench.Disagreement, match="torch and nnlab"):
        bench.measure(bench.Case("unfair", lambda: cases.Lineup(makers)), seconds=0.01)


def test_the_floor_makes_the_products_of_a_step():
    task = small_task(rows=8)
    floor = FloorLoop(task)
    floor.work(1)
    W1, W2 = floor.weights
    (H, Y), (dH, dY), (_, dX) = floor.arrays[8]
    np.testing.assert_allclose(H, task.X @ W1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(Y, H @ W2, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(floor.d_weights[0], task.X.T @ dH, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(floor.d_weights[1], H.T @ dY, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dX, dY @ W2.T, rtol=1e-5, atol=1e-6)


def test_the_floor_takes_a_large_batch_in_the_blocks_of_fit(monkeypatch):
    task = small_task(rows=16)
    monkeypatch.setattr(contestants, "BLOCK", 5)
    monkeypatch.setattr(contestants, "PREDICTED", 5)
    floor, inference = FloorLoop(replace(task, batch=16)), contestants.FloorInference(task)
    assert [len(X) for X in floor.batches[0]] == [len(X) for X in inference.blocks] == [5, 5, 5, 1]
    floor.work(1)
    inference.work(1)
    np.testing.assert_allclose(floor.arrays[1][0][0], task.X[-1:] @ floor.weights[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(inference.outputs[1][0], floor.arrays[1][0][0], rtol=1e-5, atol=1e-6)


def test_ctrl_c_in_an_epoch_of_fit_ends_the_benchmark_not_the_epoch(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    contestant = contestants.NnlabFit(small_task())
    monkeypatch.setattr(contestant.optimizer, "step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        contestant.work(2)


def test_everything_is_float32_throughout():
    task = small_task(optimizer="Adam")
    nnlab, pytorch, sklearn = (LOOPS[name](task) for name in ("nnlab", "torch", "sklearn"))
    for contestant in (nnlab, pytorch, sklearn):
        contestant.work(3)
    assert {p.value.dtype for p in nnlab.network.parameters()} == {np.dtype(np.float32)}
    assert {p.dtype for p in pytorch.module.parameters()} == {torch.float32}
    assert {array.dtype for array in sklearn.model.coefs_} == {np.dtype(np.float32)}


def test_a_task_is_of_whole_batches():
    with pytest.raises(ValueError, match="Task expected whole batches of 8, got 81 rows"):
        small_task(rows=81)


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(ValueError, match=r"expected optimizer .*SGD.*got 'LBFGS'"):
        bench.compare_steps((6, 5, 3), optimizer="LBFGS", batches=[8])


# ------------------------------------------------------------------------------------------- measuring


def test_measure_times_everyone_and_leaves_out_who_cannot():
    task, told = small_task(outputs=2), []
    makers = cases.makers_of(LOOPS, task)
    result = bench.measure(
        bench.Case("small", lambda: cases.Lineup(makers)), seconds=0.01, report=told.append
    )
    assert result.names == ["nnlab", "torch", "floor"]
    assert "two classes one sigmoid" in result.left_out["sklearn"]
    assert all(len(values) == len(told) >= 7 for values in result.timing.seconds.values())
    assert all((values > 0).all() for values in result.timing.seconds.values())
    assert told[-1] == 1
    assert 0 < result.difference < cases.TOLERANCE


def test_a_missing_torch_is_left_out_and_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "nnlab.twins.pytorch", raising=False)
    (result,) = bench.compare_steps((6, 5, 3), batches=[8], seconds=0.01)
    assert result.names == ["nnlab", "sklearn", "floor"]
    assert report.notes([result]) == [
        "torch left out, PyTorch is not installed (pip install torch)  [step 6-5-3 SGD batch 8]"
    ]
    assert bench.table([result]).loc["step 6-5-3 SGD batch 8", "torch µs"] == "–"
    assert bench.machine()["torch"] == "not installed"


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_the_number_of_threads_is_set_for_everyone_and_put_back():
    before = torch.get_num_threads()
    for threads in (2, 1):
        with bench.limit_threads(threads):
            in_use = bench.threads_in_use()
            assert "torch" in in_use
            assert any(name.startswith("openblas") or name.startswith("mkl") for name in in_use)
            assert set(in_use.values()) == {threads}
    assert torch.get_num_threads() == before


def test_torch_is_told_by_its_own_means_too(monkeypatch):
    # Its matrix library and, in some builds, its threads are out of threadpoolctl's sight.
    told = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    with bench.limit_threads(1):
        assert told == [1]
    assert told == [1, 7]


@pytest.mark.parametrize("threads", [0, -1, 10_000, 1.5])
def test_a_number_of_threads_that_cannot_be(threads):
    with pytest.raises((ValueError, TypeError), match="limit_threads expected threads"):
        bench.limit_threads(threads).__enter__()


def test_all_cases_have_names_of_their_own_and_are_those_that_were_asked_for():
    names = [case.name for case in bench.all_cases()]
    assert len(set(names)) == len(names)
    for sizes in ("784-64-10", "784-256-128-10"):
        for optimizer in ("SGD", "Adam"):
            assert {f"step {sizes} {optimizer} batch {batch}" for batch in (32, 256, 1024)} <= set(names)
        assert {f"predict {sizes} rows 1", f"predict {sizes} rows 10,000"} <= set(names)
    assert "import" in names
    assert sum("appointments" in name for name in names) == 2


def test_the_appointments_are_the_simulated_ones_where_there_is_no_file(empty_machine):
    cases._appointments.cache_clear()
    try:
        X, y, source = cases._appointments()
        lineup = cases.appointments_epoch(2).lineup()
    finally:
        cases._appointments.cache_clear()
    assert "simulated" in source
    assert source in lineup.data
    assert X.dtype == np.float32
    assert len(X) == len(y) > 80_000
    with pytest.raises(Unsuitable, match="two softmax outputs"):
        lineup.makers["sklearn"]()


def test_import_time_is_that_of_the_import_alone():
    turn = cases.Import("json").turn(bench.CLOCKS["wall"])
    assert 0 < turn(2) < 60
    with pytest.raises(Unsuitable, match="a_package_that_is_not_there is not installed"):
        cases.Import("a_package_that_is_not_there")
    with pytest.raises(RuntimeError, match=r"No module named 'json\.nothing'"):
        cases.Import("json.nothing").turn(bench.CLOCKS["cpu"])(1)


# ------------------------------------------------------------------------------------------- memory


@linux_only
def test_the_peak_is_what_the_work_adds_even_if_it_is_freed_at_once():
    megabytes = 64
    rubbish = np.ones(megabytes * 2**17)  # float64: freed before, it must not hide anything
    del rubbish

    def work():
        np.ones(megabytes * 2**17).sum()

    assert megabytes * 2**20 <= memory.peak(work) + 2**20 < (megabytes + 16) * 2**20
    assert memory.peak(lambda: None) < 2**22


@linux_only
def test_memory_that_was_freed_but_kept_is_not_overlooked():
    def fifty_megabytes():
        return [bytes(50_000) for _ in range(1000)]  # too small to be given back one by one

    rubbish = fifty_megabytes()
    pin = bytes(50_000)  # the heap cannot shrink below it
    del rubbish
    assert memory.peak(fifty_megabytes) > 45_000_000
    del pin


@linux_only
def test_memory_is_measured_in_a_fresh_process():
    setup = cases.Setup((300, 400, 10), "SGD", 3000, 3000)
    case = memory.MemoryCase("whole", setup, by_epochs=True)
    (peak,) = memory.peaks_of("nnlab", [case])
    hidden, weights = 4 * 3000 * 400, 4 * 300 * 400
    assert 2 * hidden < peak < 12 * (hidden + weights)


@linux_only
def test_what_a_contestant_cannot_do_comes_back_from_the_process():
    setup = cases.Setup((30, 40, 2), "SGD", 50, 100)
    result = memory.measure(memory.MemoryCase("two classes", setup, by_epochs=True))
    assert set(result.peaks) == {"nnlab", "torch"}
    assert "sigmoid" in result.left_out["sklearn"]
    assert result.data == 4 * 30 * 100
    with pytest.raises(RuntimeError, match="KeyError: 'nobody'"):
        memory.peaks_of("nobody", [])


def test_elsewhere_memory_is_refused_with_a_reason(monkeypatch):
    monkeypatch.setattr(memory, "CLEAR", Path("/proc/self/nothing"))
    with pytest.raises(OSError, match="memory is measured on Linux only"):
        memory.peaks_of("nnlab", [])


def test_the_ratio_of_two_peaks():
    result = memory.MemoryResult("case", {"nnlab": 30, "torch": 20}, {}, data=10)
    assert result.ratio("nnlab", "torch") == 1.5


# ------------------------------------------------------------------------------------------- scaling


@given(st.floats(-2, 3), st.floats(1e-6, 1e6))
def test_the_exponent_of_a_power_law_is_found(p, c):
    x = [1, 3, 10, 40]
    assert bench.exponent(x, [c * v**p for v in x]) == pytest.approx(p, abs=1e-9)


def test_a_constant_part_lowers_the_exponent():
    x = [1, 2, 4, 8]
    assert 0 < bench.exponent(x, [10 + v for v in x]) < 1


@pytest.mark.parametrize(
    ("x", "y"), [([1], [1]), ([1, 2], [1]), ([1, 2], [0, 1]), ([0, 1], [1, 1]), ([1, 2], [1, float("nan")])]
)
def test_an_exponent_needs_two_positive_pairs(x, y):
    with pytest.raises(ValueError, match="exponent expected two or more pairs of positive numbers"):
        bench.exponent(x, y)


def small_axis(by_epochs=False):
    return scaling.Axis(
        "batch", (8, 16, 32), lambda b: cases.Setup((6, 5, 3), "SGD", b, 2 * b), "a step", by_epochs
    )


@pytest.mark.parametrize("by_epochs", [False, True])
def test_growth_has_a_time_and_a_peak_for_each_value(monkeypatch, by_epochs):
    asked = []

    def peaks_of(name, chosen, threads):
        asked.append((name, [case.name for case in chosen], threads))
        return [case.setup.batch**2 for case in chosen]

    monkeypatch.setattr(memory, "available", lambda: True)
    monkeypatch.setattr(memory, "peaks_of", peaks_of)
    told = []
    growth = bench.grow(small_axis(by_epochs), seconds=0.01, report=told.append)
    assert asked == [(name, ["batch 8", "batch 16", "batch 32"], 1) for name in ("nnlab", "torch")]
    assert {name: len(values) for name, values in growth.seconds.items()} == {"nnlab": 3, "torch": 3}
    assert growth.memory_exponent("torch") == pytest.approx(2)
    assert told == [0.25, 0.5, 0.75, 1]


def test_growth_without_memory_says_why(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: False)
    growth = bench.grow(small_axis(), seconds=0.01, values=[8, 16])
    assert growth.values == [8, 16]
    assert growth.peaks == {}
    assert "Linux" in growth.left_out["memory"]
    assert list(bench.growth_table(growth).columns) == ["nnlab ms", "torch ms"]
    plt.close(figures.draw_growth([growth]))


@pytest.mark.parametrize("axis", bench.AXES, ids=lambda axis: axis.name)
def test_along_each_axis_the_training_is_possible_and_grows(axis):
    setups = [axis.setup(value) for value in axis.values]
    assert all(setup.rows % setup.batch == 0 for setup in setups)
    assert list(axis.values) == sorted(set(axis.values))
    assert len({(s.sizes, s.batch, s.rows) for s in setups}) == len(axis.values)


GROWTH = bench.Growth("batch", "a step", [8, 16, 32], {"nnlab": [1e-3, 2e-3, 4e-3]}, {"nnlab": [10**6] * 3})


def test_the_growth_table_ends_with_the_exponents():
    frame = bench.growth_table(GROWTH)
    assert frame["nnlab ms"].tolist() == ["1", "2", "4", "1.00"]
    assert frame["nnlab MB"].tolist()[0] == "1"
    assert frame["nnlab MB"].tolist()[-1].lstrip("-") == "0.00"
    assert frame.index.tolist() == ["8", "16", "32", "exponent"]


# ------------------------------------------------------------------------------------------- report

FAIR = a_result("fair", nnlab=[1e-6, 2e-6, 3e-6], torch=[4e-6, 4e-6, 4e-6], floor=[1e-3, 1e-3, 1e-3])


def test_the_table_shows_medians_ratios_and_their_quartiles():
    row = bench.table([FAIR]).loc["fair"]
    assert row["nnlab µs"] == "2"
    assert row["floor µs"] == "1,000"
    assert row["sklearn µs"] == row["nnlab/sklearn"] == "–"
    assert row["nnlab/torch"] == "0.50 (0.38–0.62)"
    assert list(row.index)[:4] == ["nnlab µs", "torch µs", "sklearn µs", "floor µs"]


def test_markdown_has_a_cell_for_each_column():
    lines = bench.markdown(bench.table([FAIR, FAIR])).splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("| case | nnlab µs | torch µs |")
    assert {line.count("|") for line in lines} == {9}


def test_a_record_has_seconds_quartiles_and_ratios():
    record = bench.record(FAIR)
    assert record["seconds"]["nnlab"] == {"median": 2e-6, "quartiles": pytest.approx((1.5e-6, 2.5e-6))}
    assert record["ratios"]["nnlab/torch"]["median"] == pytest.approx(0.5)
    assert (record["steps"], record["rounds"]) == (4, 3)
    assert bench.record(GROWTH)["time_exponents"]["nnlab"] == pytest.approx(1)
    weighed = memory.MemoryResult("case", {"nnlab": 30}, {"torch": "why"}, data=10)
    assert bench.record(weighed)["peaks"] == {"nnlab": 30}
    json.dumps([bench.record(r) for r in (FAIR, GROWTH, weighed)])


def test_notes_name_each_reason_once_and_the_data_there_is_a_choice_of():
    why = {"torch": "it is not here"}
    one, two = a_result("one", why, nnlab=[1]), a_result("two", why, data="people, 9 × 2, real", nnlab=[1])
    assert report.notes([one, two]) == [
        "torch left out, it is not here  [all cases]",
        "data: people, 9 × 2, real  [two]",
    ]
    assert report.notes([FAIR]) == []


def test_the_memory_table_shows_megabytes_and_ratios():
    weighed = memory.MemoryResult("case", {"nnlab": 3_000_000, "torch": 2_000_000}, {}, data=10_000_000)
    row = bench.memory_table([weighed]).loc["case"]
    assert (row["data MB"], row["nnlab MB"], row["torch MB"], row["sklearn MB"]) == (
        "10.0",
        "3.0",
        "2.0",
        "–",
    )
    assert (row["nnlab/torch"], row["nnlab/sklearn"]) == ("1.50", "–")


def test_the_surroundings_describe_the_machine_and_warn_of_a_busy_one():
    around = report.surroundings(1, "wall")
    assert {"processor", "cores", "threads", "matrix library", "numpy", "torch", "load"} <= set(around)
    assert around["numpy"] == np.__version__
    assert "busy" in report.describe(around | {"load": 9.0, "cores": 2})
    assert "--clock cpu" not in report.describe(around | {"load": 9.0, "cores": 2, "threads": 2})
    assert "busy" not in report.describe(around | {"load": 0.3, "cores": 2})
    assert "busy" not in report.describe(around | {"load": 9.0, "clock": "cpu"})


def test_the_figure_shows_the_ratios_on_a_labelled_axis():
    figure = figures.draw_ratios([FAIR, a_result("other", nnlab=[1, 1], torch=[2, 2], floor=[1, 1])])
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["fair", "other"]
    markers = {c.get_label(): c.lines[0].get_xdata().astype(float) for c in ax.containers}
    assert set(markers) == {"against PyTorch", "against the floor"}
    np.testing.assert_allclose(markers["against PyTorch"], [0.5, 0.5])
    assert ax.get_xscale() == "log"
    plt.close(figure)


def test_the_growth_figure_has_time_above_memory():
    figure = figures.draw_growth([GROWTH, GROWTH])
    assert len(figure.axes) == 4
    top = figure.axes[0]
    np.testing.assert_allclose(top.lines[0].get_ydata(), [1, 2, 4])
    assert "batch^1.00" in top.get_legend().get_texts()[0].get_text()
    plt.close(figure)


# ------------------------------------------------------------------------------------------- the command


def test_bench_prints_a_table_and_writes_json_and_a_figure(tmp_path, capsys):
    json_file, picture = tmp_path / "out.json", tmp_path / "out.png"
    json_file.write_text("what was there before")
    argv = ["bench", "--quick", "--only", STEP, "--json", str(json_file), "--plot", str(picture)]
    assert main(argv) == 0
    printed = capsys.readouterr()
    assert STEP in printed.out
    assert "nnlab/torch" in printed.out
    assert "median of the ratios" in printed.out
    assert "Timings" not in printed.out
    assert STEP in printed.err  # the progress bar
    document = json.loads(json_file.read_text())
    assert set(document) == {"nnlab", "machine", "quick", "cases", "memory"}
    assert document["quick"] is True
    assert document["machine"]["threads"] == 1
    (case,) = document["cases"]
    assert case["case"] == STEP
    assert set(case["seconds"]) == {"nnlab", "torch", "sklearn", "floor"}
    assert set(case["ratios"]) == {"nnlab/torch", "nnlab/sklearn", "nnlab/floor"}
    assert plt.imread(picture).shape[0] > 100
    assert sorted(os.listdir(tmp_path)) == ["out.json", "out.png"]


def test_bench_prints_json_instead_or_markdown(monkeypatch, capsys):
    monkeypatch.setattr(bench, "measure", lambda case, **settings: FAIR)
    assert main(["bench", "--only", STEP, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"][0]["case"] == "fair"
    assert main(["bench", "--only", STEP, "--markdown"]) == 0
    assert "| fair | 2 | 4 |" in capsys.readouterr().out


def test_bench_scaling_prints_a_table_an_axis_and_draws_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "grow", lambda axis, **settings: GROWTH)
    picture = tmp_path / "growth.svg"
    assert main(["bench", "--scaling", "--only", "batch", "--plot", str(picture)]) == 0
    assert "exponent" in capsys.readouterr().out
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_bench_measures_memory_or_says_that_it_cannot(monkeypatch, capsys):
    weighed = memory.MemoryResult("weighed", {"nnlab": 3_000_000}, {}, data=10)
    monkeypatch.setattr(memory, "measure", lambda case, threads: weighed)
    monkeypatch.setattr(memory, "available", lambda: True)
    assert main(["bench", "--only", "memory of steps"]) == 0
    assert "Peak memory" in capsys.readouterr().out
    monkeypatch.setattr(memory, "available", lambda: False)
    assert main(["bench", "--only", "memory of steps"]) == 0
    assert "memory is left out: it is measured on Linux only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--threads", "0"], "expected a number from 1 to"),
        (["--threads", "100000"], "expected a number from 1 to"),
        (["--threads", "two"], "expected a number from 1 to"),
        (["--only", "quantum"], "no case has 'quantum' in its name; the cases are\n  step 784-64-10 SGD"),
        (["--scaling", "--only", "step"], "no case has 'step' in its name; the cases are\n  batch"),
        (["--plot", "figure.txt"], "expected a file .png, .svg, .pdf or .jpg, got 'figure.txt'"),
        (["--only", "memory", "--plot", "figure.png"], "--plot draws ratios of times"),
        (["--clock", "sun"], "invalid choice: 'sun'"),
    ],
)
def test_bad_usage_of_bench_is_named_and_exits_with_2(argv, complaint, capsys):
    with pytest.raises(SystemExit) as end:
        main(["bench", *argv])
    assert end.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_processor_time_is_for_one_thread(capsys):
    with pytest.raises(SystemExit):
        main(["bench", "--clock", "cpu", "--threads", "2"])
    assert "adds up the threads" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--plot"])
@pytest.mark.parametrize("place", ["missing/out.png", "folder.png"])
def test_a_file_that_cannot_be_written_is_found_before_measuring(
    monkeypatch, tmp_path, capsys, option, place
):
    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr(bench, "measure", lambda *a, **k: pytest.fail("it measured first"))
    assert main(["bench", "--only", STEP, option, str(tmp_path / place)]) == 1
    assert f"cannot write {tmp_path / place}" in capsys.readouterr().err


def test_an_error_while_measuring_leaves_the_old_file_and_no_other(monkeypatch, tmp_path, capsys):
    def broken(*arguments, **settings):
        raise bench.Disagreement("torch and nnlab did not do the same work")

    monkeypatch.setattr(bench, "measure", broken)
    (tmp_path / "out.json").write_text("old")
    assert main(["bench", "--only", STEP, "--json", str(tmp_path / "out.json")]) == 1
    assert "did not do the same work" in capsys.readouterr().err
    assert [f.name for f in tmp_path.iterdir()] == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "old"
