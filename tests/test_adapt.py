"""Fine-tuning the encoder, on a network so small that it takes seconds. Skipped where PyTorch is not installed."""

from pathlib import Path

import pytest

from training.data import LabelledEnquiry, read_labelled

torch = pytest.importorskip("torch", reason="fine-tuning needs the extra `adapt`")
pytest.importorskip("transformers", reason="fine-tuning needs the extra `adapt`")


class Killed(Exception):
    """Stands for the signal that ends a run."""


@pytest.fixture(scope="module")
def enquiries(root: Path) -> list[LabelledEnquiry]:
    return read_labelled([root / "data" / "labelled" / "s8.csv"])[:24]


def trained(root: Path, enquiries: list[LabelledEnquiry], checkpoint: Path, kill_at: int = 0) -> dict[str, object]:
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    from training.adapt import fine_tuning
    from training.adapt.network import MultiTaskEncoder, Tasks

    tokenizer = Tokenizer.from_file(str(root / "model" / "adapted" / "tokenizer.json"))
    torch.manual_seed(1)
    small = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
    )
    tasks = Tasks(("physiotherapy", "massage", "other"), ("minor", "any_alarm"))
    network = MultiTaskEncoder(BertModel(small, add_pooling_layer=False), tasks)

    def progress(done: int, total: int, loss: float) -> None:
        assert loss == loss
        if done == kill_at:
            raise Killed

    how = fine_tuning.FineTuning(epochs=2, batch=8)
    fine_tuning.fine_tune(network, tokenizer, enquiries, tasks, how, checkpoint, progress)
    state: dict[str, object] = network.state_dict()
    return state


def test_a_killed_run_goes_on_to_the_same_weights(
    root: Path, enquiries: list[LabelledEnquiry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.adapt.fine_tuning._CHECKPOINT_STEPS", 2)
    whole = trained(root, enquiries, tmp_path / "whole.pt")
    with pytest.raises(Killed):
        trained(root, enquiries, tmp_path / "killed.pt", kill_at=5)
    resumed = trained(root, enquiries, tmp_path / "killed.pt")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_authors_held_out_are_whole_and_stay_the_same(root: Path) -> None:
    from training.adapt.pipeline import split_authors

    everyone = read_labelled([root / "data" / "labelled" / f"s{number}.csv" for number in range(1, 9)])
    train, held_out = split_authors(everyone, seed=3)
    assert {one.source for one in train}.isdisjoint(one.source for one in held_out)
    assert len(train) + len(held_out) == len(everyone)
    assert held_out == split_authors(everyone, seed=3)[1]
