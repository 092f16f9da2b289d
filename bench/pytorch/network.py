"""The network of pkg/nn and its training loss, as a PyTorch user would write them well.

Parameters come and go in the flat layout of pkg/nn (shape.go): matrices are [in][out], gates in the order i f g o.
"""

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Shape:
    """Sizes of a network, the fields of nn.Shape."""

    inputs: int
    hidden: int
    width: int
    current: int
    lead_features: int
    horizon: int
    levels: int


class Network(nn.Module):
    """One LSTM layer, a small network that all leads share, and a linear map with weights of its own for each lead."""

    def __init__(self, shape: Shape):
        super().__init__()
        s = self.shape = shape
        self.lstm = nn.LSTM(s.inputs, s.hidden)
        # PyTorch has two biases where one is enough. Trained both, the sum would move twice as fast.
        nn.init.zeros_(self.lstm.bias_hh_l0)
        self.lstm.bias_hh_l0.requires_grad_(False)
        self.c = nn.Linear(s.hidden + s.current, s.width)
        self.f = nn.Linear(s.lead_features, s.width, bias=False)
        self.m = nn.Linear(s.width, s.width)
        self.o = nn.Linear(s.width, s.levels)
        self.l = nn.Linear(s.hidden, s.horizon * s.levels)
        # The shared network learns first, and what the LSTM remembers at first is kept, as in pkg/train.
        nn.init.zeros_(self.l.weight)
        nn.init.zeros_(self.l.bias)
        with torch.no_grad():
            self.lstm.bias_ih_l0[s.hidden : 2 * s.hidden] += 1

    def head(self, h, current, lead):
        """Quantiles [N][Horizon][Levels] of hidden states [N][Hidden] and their features."""
        u = torch.relu(self.c(torch.cat([h, current], -1)).unsqueeze(-2) + self.f(lead))
        u = torch.relu(self.m(u))
        return self.o(u) + self.l(h).view(-1, self.shape.horizon, self.shape.levels)

    def forward(self, x, positions, current, lead):
        """Quantiles [S*B][Horizon][Levels] at the positions of x [T][B][Inputs]."""
        hidden, _ = self.lstm(x)
        return self.head(hidden[positions].flatten(0, 1), current, lead)

    def lstm_parts(self):
        """The trained tensors of the LSTM in the order of nn.LSTMWeights, and whether each is stored [out][in]."""
        return [(self.lstm.weight_ih_l0, True), (self.lstm.weight_hh_l0, True), (self.lstm.bias_ih_l0, False)]

    def head_parts(self):
        """The same for nn.HeadWeights."""
        return [
            (self.c.weight, True), (self.c.bias, False), (self.f.weight, True), (self.m.weight, True), (self.m.bias, False),
            (self.o.weight, True), (self.o.bias, False), (self.l.weight, True), (self.l.bias, False),
        ]


@torch.no_grad()
def set_flat(parts, values):
    """Fills tensors from one flat float32 array."""
    values, at = torch.as_tensor(values), 0
    for p, transposed in parts:
        v = values[at : at + p.numel()]
        p.copy_(v.view(p.shape[1], p.shape[0]).t() if transposed else v.view(p.shape))
        at += p.numel()
    if at != len(values):
        raise ValueError(f"{len(values)} parameters given, the shape needs {at}")


@torch.no_grad()
def get_flat(parts):
    """One flat float32 array of the tensors."""
    return torch.cat([(p.t() if transposed else p).reshape(-1) for p, transposed in parts]).numpy()


def pinball(out, target, weight, levels):
    """The weighted mean pinball loss; target and weight are [N][Horizon]."""
    d = target.unsqueeze(-1) - out
    return (torch.maximum(levels * d, (levels - 1) * d) * weight.unsqueeze(-1)).sum() / (weight.sum() * len(levels))
