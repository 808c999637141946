"""The network that is fine-tuned: a transformer with heads for every task at once."""

from dataclasses import dataclass

import torch
from torch import nn
from transformers import BertModel
from transformers.models.bert.modeling_bert import BertSelfAttention

READINGS = ("none", "stated", "denied", "past", "other_person", "hypothetical", "figure", "homonym")
"""How a text's red-flag words are to be read; learned beside the flags, so that the encoder must see assertion."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """What the heads answer: columns of the logits, in this order.

    services, flags : classes of the annotation guide; `flags` ends with "any alarm"
    """

    services: tuple[str, ...]
    flags: tuple[str, ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.services) + len(self.flags) + len(READINGS)


class MultiTaskEncoder(nn.Module):
    """A transformer; the mean of its last layer for the service, mean and maximum for flags and reading.

    A red flag is often three words of sixty: the maximum keeps what the mean dilutes.
    """

    def __init__(self, transformer: BertModel, tasks: Tasks, dropout: float = 0.1) -> None:
        super().__init__()
        width = transformer.config.hidden_size
        self.transformer = transformer
        self.transformer.embeddings.word_embeddings.weight.requires_grad = False
        for module in self.transformer.modules():
            # Dropping attention weights took more than half of a step on the CPU: it rules out the fused kernel.
            if isinstance(module, BertSelfAttention):
                module.dropout.p = 0.0
        self.dropout = nn.Dropout(dropout)
        self.service = nn.Linear(width, len(tasks.services))
        self.flags = nn.Linear(2 * width, len(tasks.flags) + len(READINGS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of shape (n_texts, tasks.width), and the mean vectors of shape (n_texts, hidden size).

        ids, mask : integers of shape (n_texts, n_tokens); the mask is 1 on tokens, 0 on padding
        """
        states = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        inside = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * inside).sum(1) / inside.sum(1)
        highest = (states - (1 - inside) * 1e4).amax(1)
        both = torch.cat([mean, highest], dim=-1)
        return torch.cat([self.service(self.dropout(mean)), self.flags(self.dropout(both))], dim=-1), mean

    def trainable(self) -> dict[str, torch.Tensor]:
        """All that fine-tuning changes, by name."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}
