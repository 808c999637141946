"""The training loop: multi-task fine-tuning on the CPU in bfloat16, resumable at any step."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from model.taxonomy import alarm_codes
from training.adapt.network import READINGS, MultiTaskEncoder, Tasks
from training.data import LabelledEnquiry
from training.noise import noisy

Progress = Callable[[int, int, float], None]
"""Called with steps done, steps in all, and the loss, averaged over the last steps."""

MAX_TOKENS = 256
_BUCKET = 20  # batches whose texts are sorted by length together, so that little padding is read
_CHECKPOINT_STEPS = 200


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How to fine-tune.

    rate, head_rate : highest learning rates of the transformer and of the heads, which start from nothing
    """

    epochs: int = 7
    batch: int = 32
    rate: float = 3e-4
    head_rate: float = 1e-3
    seed: int = 20261124


class _Targets:
    """Labels of all enquiries as tensors."""

    def __init__(self, enquiries: Sequence[LabelledEnquiry], tasks: Tasks) -> None:
        alarms = set(alarm_codes())
        self.services = torch.tensor([tasks.services.index(str(enquiry.service)) for enquiry in enquiries])
        self.flags = torch.tensor(
            [
                [*(code in enquiry.flags for code in tasks.flags[:-1]), bool(enquiry.flags & alarms)]
                for enquiry in enquiries
            ],
            dtype=torch.float32,
        )
        readings = ["stated" if each.flags & alarms else each.contrast or "none" for each in enquiries]
        self.readings = torch.tensor([READINGS.index(str(reading)) for reading in readings])

    def loss(self, logits: torch.Tensor, rows: list[int], tasks: Tasks) -> torch.Tensor:
        widths = [len(tasks.services), len(tasks.flags), len(READINGS)]
        services, flags, readings = torch.split(logits.float(), widths, -1)
        # Flags are rare: a missed one costs three times a false one.
        weight = torch.full((len(tasks.flags),), 3.0)
        return (
            functional.cross_entropy(services, self.services[rows], label_smoothing=0.05)
            + 3 * functional.binary_cross_entropy_with_logits(flags, self.flags[rows], pos_weight=weight)
            + 0.5 * functional.cross_entropy(readings, self.readings[rows], label_smoothing=0.05)
        )


def pad(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask, both of shape (n_texts, n_tokens), of texts cut to the tokenizer's truncation."""
    encodings = tokenizer.encode_batch_fast(list(texts))
    longest = max(len(encoding.ids) for encoding in encodings)
    ids = torch.ones((len(texts), longest), dtype=torch.int64)
    mask = torch.zeros((len(texts), longest), dtype=torch.int64)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = torch.tensor(encoding.ids)
        mask[row, : len(encoding.ids)] = 1
    return ids, mask


def fine_tune(
    network: MultiTaskEncoder,
    tokenizer: Tokenizer,
    enquiries: Sequence[LabelledEnquiry],
    tasks: Tasks,
    how: FineTuning,
    checkpoint: Path,
    progress: Progress,
) -> None:
    """Train the network in place; with a checkpoint of the same run, from where that one stopped.

    checkpoint : file, written every few minutes and removed at the end
    """
    torch.manual_seed(how.seed)
    targets = _Targets(enquiries, tasks)
    batches = -(-len(enquiries) // how.batch)
    total = batches * how.epochs
    heads = [*network.service.parameters(), *network.flags.parameters()]
    own = {id(parameter) for parameter in heads}
    rest = [parameter for parameter in network.trainable().values() if id(parameter) not in own]
    groups = [{"params": heads, "lr": how.head_rate}, {"params": rest, "lr": how.rate}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [how.head_rate, how.rate], total_steps=total + 1, pct_start=0.1, anneal_strategy="linear"
    )
    start = _resume(checkpoint, network, optimizer, schedule) if checkpoint.exists() else 0
    network.train()
    loss_mean = 0.0
    for step, (rows, texts) in enumerate(_batches(enquiries, how)):
        if step < start:
            continue
        torch.manual_seed(how.seed + step)  # dropout is the same after a resumption as without one
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, _ = network(*pad(tokenizer, texts))
        loss = targets.loss(logits, rows, tasks)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(rest, 1.0)
        optimizer.step()
        schedule.step()
        loss_mean = 0.98 * loss_mean + 0.02 * loss.item() if loss_mean else loss.item()
        progress(step + 1, total, loss_mean)
        if (step + 1) % _CHECKPOINT_STEPS == 0:
            _save(checkpoint, step + 1, network, optimizer, schedule)
    network.eval()


def _batches(enquiries: Sequence[LabelledEnquiry], how: FineTuning) -> Iterator[tuple[list[int], list[str]]]:
    """Rows and their texts, misspelt anew in each epoch; the order follows from the seed alone."""
    for epoch in range(how.epochs):
        chance = random.Random(how.seed * 1000 + epoch)  # noqa: S311 - not for secrets
        order = list(range(len(enquiries)))
        chance.shuffle(order)
        texts = {row: noisy(enquiries[row].text, chance) for row in order}
        batches: list[list[int]] = []
        for first in range(0, len(order), how.batch * _BUCKET):
            bucket = sorted(order[first : first + how.batch * _BUCKET], key=lambda row: len(texts[row]))
            batches += [bucket[at : at + how.batch] for at in range(0, len(bucket), how.batch)]
        chance.shuffle(batches)
        for rows in batches:
            yield rows, [texts[row] for row in rows]


def _save(
    file: Path,
    step: int,
    network: MultiTaskEncoder,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    state = {"step": step, "network": network.trainable()}
    state |= {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
    scratch = file.with_suffix(".part")
    torch.save(state, scratch)
    os.replace(scratch, file)  # noqa: PTH105 - whole or not at all


def _resume(
    file: Path,
    network: MultiTaskEncoder,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> int:
    state = torch.load(file, weights_only=True)
    network.load_state_dict(state["network"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return int(state["step"])
