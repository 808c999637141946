"""From a fine-tuned network to an ONNX file in eight bits, fused for onnxruntime."""

import tempfile
from pathlib import Path

import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from torch import nn

from model.encoder import keep_to_this_machine
from training.adapt.network import MultiTaskEncoder

OPSET = 17


class _Outputs(nn.Module):
    """Logits and mean in one row, as the file gives them."""

    def __init__(self, network: MultiTaskEncoder) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.cat(self.network(ids, mask), dim=-1)


def export(network: MultiTaskEncoder, file: Path) -> None:
    """Write a network as ONNX, fused for onnxruntime, its weights in signed eight-bit numbers with a scale a column.

    Inputs and output are those of `write_plain`.
    """
    keep_to_this_machine()
    config = network.transformer.config
    with tempfile.TemporaryDirectory() as scratch:
        plain, fused = Path(scratch) / "plain.onnx", Path(scratch) / "fused.onnx"
        write_plain(network, plain)
        model = optimizer.optimize_model(
            str(plain),
            model_type="bert",
            num_heads=config.num_attention_heads,
            hidden_size=config.hidden_size,
            opt_level=0,
        )
        model.save_model_to_file(str(fused))
        # Shape inference stops at fused operators, so the quantiser must be told what they give.
        floats = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(fused, file, per_channel=True, weight_type=QuantType.QInt8, extra_options=floats)


def write_plain(network: MultiTaskEncoder, file: Path) -> None:
    """Write a network as ONNX as PyTorch gives it, in float32.

    Inputs are `ids` and `mask`, int64 of shape (n_texts, n_tokens); the output `scores` is float32 of shape
    (n_texts, n_logits + hidden size).
    """
    network.eval()
    network.transformer.set_attn_implementation("eager")  # the form that the optimizer knows how to fuse
    example = torch.ones((2, 8), dtype=torch.int64)
    with torch.no_grad():
        torch.onnx.export(
            _Outputs(network),
            (example, example),
            str(file),
            input_names=["ids", "mask"],
            output_names=["scores"],
            dynamic_axes={"ids": {0: "texts", 1: "tokens"}, "mask": {0: "texts", 1: "tokens"}},
            opset_version=OPSET,
            dynamo=False,
        )
