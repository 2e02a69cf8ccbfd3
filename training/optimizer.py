"""Muon for the matrices of the layers, Adam for the embedding and the norms.

Muon (Keller Jordan, 2024, https://kellerjordan.github.io/posts/muon) replaces the momentum of a matrix by the nearest
orthogonal one, found by Newton-Schulz steps; matrices of one shape are orthogonalised together.
"""

import torch
from torch import Tensor

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # the post's coefficients
NEWTON_SCHULZ_STEPS = 5


def orthogonalize(stack: Tensor) -> Tensor:
    """The nearest orthogonal matrices, roughly, to a stack (M, rows, columns), in bf16."""
    a, b, c = NEWTON_SCHULZ
    tall = stack.shape[-2] > stack.shape[-1]
    x = (stack.mT if tall else stack).bfloat16().contiguous()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; an update is 0.2 * sqrt(longer side) times `lr`, like Adam's (arXiv 2502.16982)."""

    def __init__(self, parameters: list[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # noqa: ARG002
        """Move every parameter once."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for parameter in group["params"]:
                by_shape.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in by_shape.items():
                self._step_shape(group, shape, parameters)

    def _step_shape(self, group: dict[str, float], shape: torch.Size, parameters: list[Tensor]) -> None:
        moved = torch.stack([self._momentum(parameter, group["momentum"]) for parameter in parameters])
        scale = group["lr"] * 0.2 * max(shape) ** 0.5
        for parameter, update in zip(parameters, orthogonalize(moved), strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(update.float(), alpha=-scale)

    def _momentum(self, parameter: Tensor, momentum: float) -> Tensor:
        gradient = parameter.grad
        assert gradient is not None
        buffer = self.state[parameter].setdefault("momentum", torch.zeros_like(gradient))
        buffer.lerp_(gradient, 1 - momentum)
        return gradient.lerp(buffer, momentum)
