"""What a training run promises: it learns, and it says what is best."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from alignment_world import read_log, run_bytes

from discover.alignment import AlignmentModel, AlignmentTrainer, load_model
from discover.alignment.checkpoint import load_checkpoint
from discover.alignment.config import CurriculumConfig
from discover.alignment.optimizer import build_optimizer
from discover.alignment.schedule import BatchOrder, learning_rate
from discover.alignment.step import TrainingStep
from discover.alignment.validation import Validator
from discover.core.errors import CheckpointError, ConfigError, TrainingError
from discover.encoders import gather_batch

MODELS: list[dict[str, Any]] = [
    {},
    {"sensor_projection__type": "mlp", "sensor_projection__hidden_dim": 32, "text_projection__type": "mlp",
     "text_projection__hidden_dim": 32, "text_projection__use_bn": True},
    {"text_projection": None, "sensor_projection__dim": 16},
    {"loss__alignment_loss_type": "sigmoid"},
    {"loss__alignment_loss_type": "focal_sigmoid"},
    {"encoder__pooling": "attention", "encoder__use_learned_pe": True, "encoder__use_rotary_time": True},
    {"loss__mlm_weight": 0.5},
    {"sensor_projection__type": "attention", "sensor_projection__n_heads": 2},
    {"loss__mlm_weight": 1.0, "loss__clip_weight": 0.0, "encoder__pooling": "attention"},
    {"loss__mlm_weight": 0.5, "loss__mask_contrastive": True},
    {"loss__use_hard_negatives": True, "loss__hard_negative_memory_size": 64,
     "loss__hard_negative_strategy": "cross_batch"},
]  # fmt: skip


@pytest.mark.parametrize("changes", MODELS)
def test_every_trained_parameter_is_in_the_optimizer_and_moves_in_one_step(
    world: ModuleType, tmp_path: Path, changes: dict[str, Any]
) -> None:
    config = world.make_config(tmp_path, **changes)
    inputs = world.make_inputs(config)
    torch.manual_seed(0)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    optimizer = build_optimizer(model, config.optimizer)
    held = [id(p) for group in optimizer.param_groups for p in group["params"]]
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert sorted(held) == sorted(id(p) for p in trained.values())
    before = {name: p.detach().clone() for name, p in trained.items()}
    model(inputs.train.batch(torch.arange(64), torch.rand(64))).loss.backward()
    optimizer.step()
    still = [name for name, p in trained.items() if torch.equal(p, before[name])]
    # A bias before batch norm, or of keys under softmax, has no effect on the loss in exact arithmetic.
    assert still == []


def test_weight_decay_only_on_matrices(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, encoder__use_learned_pe=True)
    inputs = world.make_inputs(config)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    decayed = {id(p) for p in model.parameter_groups(0.1)[0]["params"]}  # type: ignore[attr-defined]
    names = {name for name, p in model.named_parameters() if id(p) in decayed}
    assert all(name.endswith("weight") for name in names)
    free = {name for name, p in model.named_parameters() if id(p) not in decayed}
    assert {"encoder.tokens.table", "encoder.position", "clip_loss.logit_scale.log_scale"} <= free
    assert all(p.ndim == 2 for p in model.parameters() if id(p) in decayed)


def test_loss_falls_and_pairs_are_found(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, training__max_steps=60, training__val_interval=60)
    result = AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    train = [line["loss"] for line in read_log(tmp_path) if line["split"] == "train"]
    assert train[-1] < 0.4 * train[0]
    assert result.values["val_recall_at_10"] > 0.9
    assert result.values["val_positive_cosine"] > result.values["val_negative_cosine"] + 0.1


def test_one_batch_is_learnt_by_heart(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, loss__targets="identity", encoder__dropout=0.0)
    inputs = world.make_inputs(config)
    torch.manual_seed(0)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    optimizer = build_optimizer(model, config.optimizer)
    ids = inputs.train.batch(torch.arange(100)).keys.caption_id
    distinct = torch.from_numpy(np.unique(ids.numpy(), return_index=True)[1])[:8]
    batch = inputs.train.batch(distinct)
    for _ in range(80):
        optimizer.zero_grad()
        loss = model(batch).loss
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.02


def test_best_is_not_last_when_last_is_worse(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(
        tmp_path, training__max_steps=40, loss__temperature_init=0.1, loss__learnable_temperature=False,
        optimizer__learning_rate=0.01, encoder__dropout=0.0,
    )  # fmt: skip
    inputs = world.make_inputs(config)
    # Training captions of other windows: the better they are learnt, the worse validation gets.
    inputs.train.text_RT[:] = inputs.train.text_RT.roll(14, 0)
    result = AlignmentTrainer(config, inputs=inputs).train()
    values = {line["step"]: line["val_loss"] for line in read_log(tmp_path) if line["split"] == "val"}
    assert values[40] > min(values.values())
    assert result.best_step == min(values, key=lambda step: values[step])
    best, final = load_checkpoint(result.best_path), load_checkpoint(result.final_path)
    assert best["step"] == result.best_step != final["step"]
    assert not torch.equal(best["model"]["sensor_head.weight"], final["model"]["sensor_head.weight"])
    loaded = AlignmentModel(config.model_settings, world.make_vocabulary(), 16)
    loaded.load_state_dict(best["model"])
    again = Validator(world.make_inputs(config).validation, 2048).evaluate(loaded, with_retrieval=False)
    assert again["val_loss"] == pytest.approx(result.best_value, abs=1e-5)


def test_validation_does_not_depend_on_the_batch_size(world: ModuleType, tmp_path: Path) -> None:
    values = []
    for size in (4, 32):
        config = world.make_config(tmp_path, training__batch_size=size)
        inputs = world.make_inputs(config)
        torch.manual_seed(0)
        model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
        values.append(Validator(inputs.validation, 20).evaluate(model, with_retrieval=True))
    assert values[0] == values[1]
    assert values[0]["val_pool_size"] == 20


def test_validation_is_repeatable_and_leaves_training_mode(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, encoder__dropout=0.5)
    inputs = world.make_inputs(config)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim).train()
    validator = Validator(inputs.validation, 2048)
    assert validator.evaluate(model, with_retrieval=True) == validator.evaluate(model, with_retrieval=True)
    assert model.training


def test_a_loss_that_is_not_finite_stops_with_step_and_windows(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path)
    inputs = world.make_inputs(config)
    inputs.train.text_RT[:] = float("nan")
    with pytest.raises(TrainingError, match=r"not finite at step 0 \(windows toy_FL_train_"):
        AlignmentTrainer(config, inputs=inputs).train()


def test_gradient_accumulation_is_the_mean_over_micro_batches(world: ModuleType, tmp_path: Path) -> None:
    grads = []
    for micro in (1, 2):
        config = world.make_config(
            tmp_path,
            training__gradient_accumulation=micro,
            encoder__dropout=0.0,
            optimizer__grad_clip_norm=None,
        )
        inputs = world.make_inputs(config)
        torch.manual_seed(0)
        model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
        work = TrainingStep(config, model, inputs.train, torch.device("cpu"))
        parts = [work.backward(0, 10)]
        if micro == 1:
            first = model.sensor_head.weight.grad.clone()
            model.zero_grad()
            parts.append(work.backward(1, 10))
            grads.append((first + model.sensor_head.weight.grad) / 2)
            expected = (parts[0]["loss"] + parts[1]["loss"]) / 2
        else:
            grads.append(model.sensor_head.weight.grad)
            torch.testing.assert_close(parts[0]["loss"], expected)
    torch.testing.assert_close(grads[0], grads[1], atol=1e-6, rtol=1e-4)


def test_masked_modelling_learns_and_reports_accuracy_per_field(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(
        tmp_path, loss__mlm_weight=1.0, loss__clip_weight=0.0, training__max_steps=80,
        training__val_interval=80, training__log_interval=80, encoder__dropout=0.0,
    )  # fmt: skip
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    values = {k: v for line in read_log(tmp_path) if line["split"] == "val" for k, v in line.items()}
    assert "val_clip_loss" not in values
    assert values["val_loss"] == values["val_mlm_loss"]
    # Nine in ten events of a window are in one room of five: the room follows from the visible events.
    assert values["val_mlm_accuracy_room_id"] > 0.6
    assert values["val_mlm_accuracy_sensor"] < 0.6


def test_masking_does_not_touch_the_contrastive_branch_unless_asked(
    world: ModuleType, tmp_path: Path
) -> None:
    clip = {}
    for name, changes in {
        "without": {},
        "beside": {"loss__mlm_weight": 0.5},
        "shared": {"loss__mlm_weight": 0.5, "loss__mask_contrastive": True},
    }.items():
        config = world.make_config(tmp_path, encoder__dropout=0.0, **changes)
        inputs = world.make_inputs(config)
        torch.manual_seed(0)
        model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
        clip[name] = float(model(inputs.train.batch(torch.arange(32))).parts["clip_loss"])
    assert clip["without"] == clip["beside"] != clip["shared"]


def test_hard_negatives_raise_the_loss_and_are_remembered(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(
        tmp_path, loss__use_hard_negatives=True, loss__hard_negative_memory_size=48, encoder__dropout=0.0
    )
    inputs = world.make_inputs(config)
    torch.manual_seed(0)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    plain = float(model(inputs.train.batch(torch.arange(32))).loss.detach())
    assert model.memory is not None
    assert int((model.memory.held_keys().window_id >= 0).sum()) == 32
    model(inputs.train.batch(torch.arange(32, 64)))
    harder = float(model(inputs.train.batch(torch.arange(32))).loss.detach())
    assert harder > plain
    assert int(model.memory.cursor) == 96 % 48


def test_curriculum_moves_from_start_to_end() -> None:
    curriculum = CurriculumConfig(start=0.0, end=0.8, share=0.5)
    assert [curriculum.difficulty(p) for p in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([0.0, 0.4, 0.8, 0.8])


def test_every_epoch_sees_each_window_once_in_another_order() -> None:
    order = BatchOrder(torch.zeros(100, dtype=torch.int64), 10, seed=3)
    epochs = [torch.cat([order.rows(e * 10 + i) for i in range(10)]) for e in range(2)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(100))
    assert not torch.equal(epochs[0], epochs[1])
    assert torch.equal(BatchOrder(torch.zeros(100, dtype=torch.int64), 10, seed=3).rows(13), order.rows(13))
    plain = BatchOrder(torch.zeros(25, dtype=torch.int64), 10, seed=3, shuffle=False)
    assert torch.cat([plain.rows(i) for i in range(5)]).tolist() == list(range(25)) * 2


def test_learning_rate_by_hand() -> None:
    rates = [learning_rate(s, 10, 1.0, 0.2) for s in range(10)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[6] == pytest.approx(0.5)
    assert rates == sorted(rates[:2]) + sorted(rates[2:], reverse=True)
    assert 0 < rates[-1] < 0.05


def test_loaded_model_embeds_like_the_trained_one(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    windows = world.make_windows().of_split("test")
    loaded, by_file = load_model(tmp_path), load_model(tmp_path / "best_model.pt")
    table = loaded.embed_windows(windows)
    assert table.sample_ids.tolist() == windows.windows["window_id"].to_list()
    np.testing.assert_allclose(np.linalg.norm(table.vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(table.vectors, by_file.embed_windows(windows).vectors)
    text = world.make_text(windows)
    projected = loaded.project_text(text.vectors[::2] * 3)
    positive = (projected * table.vectors).sum(1)
    mixed = (projected * table.vectors[::-1]).sum(1)
    assert positive.mean() > mixed.mean() + 0.05
    assert loaded.home == windows.home
    assert len(loaded.sha256) == 64
    with pytest.raises(ValueError, match="width 16"):
        loaded.project_text(np.ones((2, 8)))


def test_a_query_of_any_length_lands_where_its_direction_does(world: ModuleType, tmp_path: Path) -> None:
    """Training reads unit text vectors, and an MLP head is no function of the direction alone."""
    head = {"text_projection__type": "mlp", "text_projection__hidden_dim": 32}
    config = world.make_config(tmp_path, training__max_steps=2, **head)
    inputs = world.make_inputs(config)
    AlignmentTrainer(config, inputs=inputs).train()
    loaded = load_model(tmp_path)
    text = inputs.train.text_RT[:5].numpy()
    expected = loaded.model.embed_text(inputs.train.text_RT[:5]).numpy()
    for factor in (1.0, 7.0):
        np.testing.assert_allclose(loaded.project_text(text * factor), expected, atol=1e-6)


def test_a_checkpoint_of_another_vocabulary_is_refused(world: ModuleType, tmp_path: Path) -> None:
    from discover.core.vocabulary import Vocabulary

    config = world.make_config(tmp_path)
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    assert load_model(tmp_path, vocabulary=world.make_vocabulary())
    values = world.make_vocabulary().to_dict()
    values["sensor"] = values["sensor"][1:]
    with pytest.raises(CheckpointError, match=r"another vocabulary \(fields sensor\)"):
        load_model(tmp_path, vocabulary=Vocabulary.from_dict(values))


def test_text_width_must_fit_without_a_text_head(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, text_projection=None)
    with pytest.raises(ConfigError, match=r"16 wide, sensor_projection\.dim is 24"):
        AlignmentTrainer(config, inputs=world.make_inputs(config)).train()


def test_batches_made_ahead_are_the_same_batches(world: ModuleType, tmp_path: Path) -> None:
    for name, workers in (("none", 0), ("three", 3)):
        config = world.make_config(
            tmp_path / name, training__num_workers=workers, augmentation={"event_dropout": 0.2}
        )
        AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    one, two = (load_checkpoint(tmp_path / name / "final_model.pt") for name in ("none", "three"))
    assert run_bytes(tmp_path / "none")["metrics.jsonl"] == run_bytes(tmp_path / "three")["metrics.jsonl"]
    for key, value in one["model"].items():
        assert torch.equal(value, two["model"][key])


def test_tracking_offline_logs_what_metrics_jsonl_has(
    world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[tuple[int, dict[str, Any]]] = []
    started: dict[str, Any] = {}

    class Run:
        def log(self, values: dict[str, Any], step: int) -> None:
            logged.append((step, values))

        def finish(self) -> None:
            started["finished"] = True

    class Stub(ModuleType):
        @staticmethod
        def init(**options: Any) -> Run:
            started.update(options)
            return Run()

        @staticmethod
        def Settings(**options: Any) -> dict[str, Any]:  # noqa: N802
            return options

        @staticmethod
        def watch(*args: Any, **options: Any) -> None:
            raise AssertionError("weights must not be watched")

    monkeypatch.setitem(sys.modules, "wandb", Stub("wandb"))
    config = world.make_config(
        tmp_path, use_wandb=True, wandb_project="p", wandb_group="g", wandb_tags=["a"], dataset="toy",
        wandb_notes="n", wandb_entity="e",
    )  # fmt: skip
    AlignmentTrainer(config, inputs=world.make_inputs(config)).train()
    wanted = {
        "project": "p",
        "group": "g",
        "notes": "n",
        "entity": "e",
        "name": "alignment",
        "resume": "allow",
    }
    assert {k: started[k] for k in wanted} == wanted
    assert started["tags"] == ["a", "toy"]
    assert started["finished"]
    lines = read_log(tmp_path)
    assert [step for step, _ in logged] == [line["step"] for line in lines]
    assert logged[0][1]["train/loss"] == lines[0]["loss"]


def test_tracking_without_the_package_says_what_to_install(
    world: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    config = world.make_config(tmp_path, use_wandb=True)
    with pytest.raises(ConfigError, match=r"discover-v2\[track\]"):
        AlignmentTrainer(config, inputs=world.make_inputs(config)).train()


def test_overlapping_windows_are_negatives_only_when_asked(world: ModuleType, tmp_path: Path) -> None:
    losses = {}
    for ignore in (True, False):
        config = world.make_config(tmp_path, loss__mask_overlaps=ignore)
        inputs = world.make_inputs(config)
        torch.manual_seed(0)
        model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim).eval()
        batch = inputs.train.batch(torch.arange(8))
        apart = model(batch).loss.detach()
        keys = replace(batch.keys, first_event=batch.keys.first_event[:1].expand(8))
        losses[ignore] = (float(apart), float(model(replace(batch, keys=keys)).loss.detach()))
    assert losses[False][0] == losses[False][1]
    assert losses[True][0] == losses[False][0]
    # All eight overlap: nothing is left to be told apart from.
    assert losses[True][1] < 0.7 * losses[True][0]


def test_the_loss_is_the_weighted_sum_of_its_parts(world: ModuleType, tmp_path: Path) -> None:
    config = world.make_config(tmp_path, loss__clip_weight=0.3, loss__mlm_weight=0.7)
    inputs = world.make_inputs(config)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    out = model(inputs.train.batch(torch.arange(16)))
    parts = {name: float(value) for name, value in out.parts.items()}
    assert float(out.loss.detach()) == pytest.approx(0.3 * parts["clip_loss"] + 0.7 * parts["mlm_loss"])
    values = Validator(inputs.validation, 20).evaluate(model, with_retrieval=False)
    expected = 0.3 * values["val_clip_loss"] + 0.7 * values["val_mlm_loss"]
    assert values["val_loss"] == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["linear", "mlp", "attention"])
def test_vectors_in_the_joint_space_do_not_depend_on_batch_mates(
    world: ModuleType, tmp_path: Path, kind: str
) -> None:
    config = world.make_config(tmp_path, sensor_projection__type=kind)
    features = world.make_inputs(config).train.features
    torch.manual_seed(0)
    model = AlignmentModel(config.model_settings, world.make_vocabulary(), 16).eval()
    rows = torch.arange(60)
    together = model.embed_windows(gather_batch(features, rows))
    alone = torch.cat([model.embed_windows(gather_batch(features, row)) for row in rows.split(1)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)
    assert (together[0] - together[1]).abs().max() > 1e-3


def test_an_epoch_of_steps_sees_every_window_with_captions_of_its_own(
    world: ModuleType, tmp_path: Path
) -> None:
    config = world.make_config(tmp_path, training__batch_size=20)
    inputs = world.make_inputs(config)
    model = AlignmentModel(config.model_settings, inputs.vocabulary, inputs.train.text_dim)
    work = TrainingStep(config, model, inputs.train, torch.device("cpu"))
    batches = [work.pairs_of(number) for number in range(7)]
    seen = torch.cat([batch.keys.window_id for batch in batches])
    assert sorted(seen.tolist()) == list(range(140))
    for batch in batches:
        own = inputs.train.text_RT[inputs.train.caption_rows_WC[batch.keys.window_id]]
        assert (own == batch.text.unsqueeze(1)).all(-1).any(1).all()
    first = torch.cat([batch.text for batch in batches])[seen.argsort()]
    later = [work.pairs_of(number) for number in range(7, 14)]
    order = torch.cat([batch.keys.window_id for batch in later]).argsort()
    again = torch.cat([batch.text for batch in later])[order]
    changed = (first != again).any(1).float().mean()
    assert 0.3 < float(changed) < 0.7, "one of two captions is drawn anew"
