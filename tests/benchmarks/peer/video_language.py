"""The video-language model in PyTorch, written from the specification and in the published code's way: texts are padded to 100 tokens, region masks
are float64 (and with them the alignment's attention), everything else is float32, AdamW is a loop over the parameters. It is what the product is
measured against; it reads and computes the same weights and inputs."""
import math

import torch
import torch.nn.functional as F
from torch import nn


class DistilBertLayer(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.heads = heads
        self.attention = nn.ModuleDict({n: nn.Linear(dim, dim) for n in ("q_lin", "k_lin", "v_lin", "out_lin")})
        self.sa_layer_norm = nn.LayerNorm(dim, eps=1e-12)
        self.ffn = nn.ModuleDict({"lin1": nn.Linear(dim, hidden), "lin2": nn.Linear(hidden, dim)})
        self.output_layer_norm = nn.LayerNorm(dim, eps=1e-12)

    def forward(self, x, mask, rate):
        b, t, d = x.shape
        split = lambda y: y.view(b, t, self.heads, -1).transpose(1, 2)
        q, k, v = (split(self.attention[n](x)) for n in ("q_lin", "k_lin", "v_lin"))
        scores = torch.matmul(q / math.sqrt(d // self.heads), k.transpose(2, 3))
        scores = scores.masked_fill((mask == 0).view(b, 1, 1, t).expand_as(scores), -float("inf"))
        weights = F.dropout(scores.softmax(-1), rate, self.training)
        a = self.attention["out_lin"](torch.matmul(weights, v).transpose(1, 2).contiguous().view(b, t, d))
        x = self.sa_layer_norm(a + x)
        return self.output_layer_norm(F.dropout(self.ffn["lin2"](F.gelu(self.ffn["lin1"](x))), rate, self.training) + x)


class DistilBert(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.rate = c["dropout"]
        self.embeddings = nn.ModuleDict({
            "word_embeddings": nn.Embedding(c["vocab_size"], c["dim"], padding_idx=0),
            "position_embeddings": nn.Embedding(c["max_position_embeddings"], c["dim"]),
            "LayerNorm": nn.LayerNorm(c["dim"], eps=1e-12)})
        self.transformer = nn.ModuleDict({"layer": nn.ModuleList(DistilBertLayer(c["dim"], c["n_heads"], c["hidden_dim"]) for _ in range(c["n_layers"]))})

    def forward(self, ids, mask):
        e = self.embeddings
        x = e["LayerNorm"](e["word_embeddings"](ids) + e["position_embeddings"](torch.arange(ids.shape[1])))
        x = F.dropout(x, self.rate, self.training)
        for layer in self.transformer["layer"]:
            x = layer(x, mask, self.rate)
        return x


class Attention(nn.Module):
    """[CLS] sees everything, a region [CLS] and the regions of its frame."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, mask, frames):
        b, t, d = x.shape
        h, c = self.heads, d // self.heads
        q, k, v = (y.view(b, t, h, c).transpose(1, 2).reshape(b * h, t, c) for y in self.qkv(x).chunk(3, -1))
        q = q * c ** -0.5
        rows = mask.repeat_interleave(h, 0)
        cls = self.attend(q[:, :1], k, v, rows.unsqueeze(1))
        n = (t - 1) // frames
        group = lambda y: y[:, 1:].reshape(b * h * frames, n, c)
        first = lambda y: y[:, :1].unsqueeze(1).expand(-1, frames, -1, -1).reshape(b * h * frames, 1, c)
        grouped = torch.cat([rows[:, :1].repeat_interleave(frames, 0), rows[:, 1:].reshape(b * h * frames, n)], 1).unsqueeze(1)
        out = self.attend(group(q), torch.cat([first(k), group(k)], 1), torch.cat([first(v), group(v)], 1), grouped)
        out = torch.cat([cls, out.reshape(b * h, t - 1, c)], 1)
        return self.proj(out.view(b, h, t, c).transpose(1, 2).reshape(b, t, d))

    @staticmethod
    def attend(q, k, v, mask):
        return torch.bmm((torch.bmm(q, k.transpose(1, 2)) + mask).softmax(-1), v)


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim, eps=1e-6) for _ in range(3))
        self.attn = Attention(dim, heads)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(dim, hidden), "fc2": nn.Linear(hidden, dim)})

    def forward(self, x, mask, frames):
        x = x + self.attn(self.norm1(x), mask, frames)
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class ObjectTransformer(nn.Module):
    def __init__(self, c, projection):
        super().__init__()
        d = c["embed_dim"]
        self.features = c["feature_dim"]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, d))
        self.custom_pos_embed = nn.Parameter(torch.zeros(1, c["object_num"] + 1, d))
        self.temporal_embed = nn.Parameter(torch.zeros(1, c["num_frames"], d))
        self.blocks = nn.ModuleList(Block(d, c["num_heads"], d * c["mlp_ratio"]) for _ in range(c["depth"]))
        self.norm = nn.LayerNorm(d, eps=1e-6)
        self.object_embedding = nn.Linear(c["feature_dim"], d)
        self.pos_embedding = nn.Linear(6, d)
        self.proj = nn.Linear(d, projection, bias=False)

    def forward(self, x, mask):
        b, f, n, _ = x.shape
        e = (self.object_embedding(x[..., :self.features]) + self.pos_embedding(x[..., self.features:])).reshape(b, f * n, -1)
        positions = torch.cat([self.custom_pos_embed[:, :1], self.temporal_embed[:, :f].repeat_interleave(n, 1)], 1)
        tokens = torch.cat([self.cls_token.expand(b, -1, -1), e], 1) + positions
        additive = (torch.cat([torch.ones(b, 1, dtype=mask.dtype), mask.reshape(b, -1)], 1) - 1) * 100
        for block in self.blocks:
            tokens = block(tokens, additive.to(tokens.dtype), f)
        return self.proj(tokens), additive


class ObjectRelation(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.text_model = DistilBert(config["text_config"])
        self.object_model = ObjectTransformer(config["object_config"], config["projection_dim"])
        self.txt_proj = nn.Sequential(nn.ReLU(), nn.Linear(config["text_config"]["dim"], config["projection_dim"]))

    def encode_text(self, ids, mask):
        return self.txt_proj(self.text_model(ids, mask))


def unit(x):
    return x / (x.pow(2).sum(-1, keepdim=True).sqrt() + 1e-8)


def attend(queries, query_mask, context, context_mask, scale=20.0):
    """[Nc, Nq, Lq, d]: what each query sees, focal type "equal"."""
    nq, lq, d = queries.shape
    nc, s, _ = context.shape
    context = unit(context)
    scores = torch.matmul(context, unit(queries).reshape(nq * lq, d).t()).view(nc, s, nq, lq)
    scores = F.leaky_relu(scores, 0.1)
    scores = scores / (scores.pow(2).sum(3, keepdim=True).sqrt() + 1e-8)
    scores = scores.permute(0, 2, 3, 1) + query_mask.view(1, nq, lq, 1) + context_mask.view(nc, 1, 1, s)
    a = (scores * scale).softmax(-1)
    a = a * (a * s - a.sum(-1, keepdim=True) > 0).to(a.dtype)
    a = (a / a.sum(-1, keepdim=True)).to(queries.dtype)
    return torch.bmm(a.reshape(nc, nq * lq, s), context).view(nc, nq, lq, d)


def alignment(regions, region_mask, words, word_mask):
    """RWA [V, C]."""
    cos = lambda x, y: (x * y).sum(-1) / (x.norm(dim=-1) * y.norm(dim=-1)).clamp(min=1e-8)
    to_regions = cos(words.unsqueeze(0), attend(words, word_mask, regions, region_mask)).mean(-1)
    to_words = cos(regions.unsqueeze(0), attend(regions, region_mask, words, word_mask)).mean(-1)
    return to_regions + to_words.t()


def loss(text, attention_mask, objects, object_mask):
    """InfoNCE plus RWA."""
    norm = lambda x: x / x.norm(dim=-1, keepdim=True).clamp(min=1e-8)
    x = norm(text[:, 0]) @ norm(objects[:, 0]).t() / 0.05
    info_nce = -(x.log_softmax(1).diag().mean() + x.log_softmax(0).diag().mean())
    word_mask = (attention_mask[:, 1:].to(text.dtype) - 1) * 100
    z = 20 * alignment(objects[:, 1:], object_mask[:, 1:], text[:, 1:], word_mask)
    target = torch.eye(len(z), dtype=z.dtype) + 1e-6
    return info_nce + (z.softmax(1) * (z.log_softmax(1) - target.log())).sum(1).mean()


class AdamW:
    """transformers 4.10."""

    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.state, self.t = list(parameters), lr, {}, 0

    @torch.no_grad()
    def step(self):
        self.t += 1
        for p in self.parameters:
            if p.grad is None:
                continue
            if p not in self.state:
                self.state[p] = torch.zeros_like(p), torch.zeros_like(p)
            m, v = self.state[p]
            m.mul_(0.9).add_(p.grad, alpha=0.1)
            v.mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
            p.addcdiv_(m, v.sqrt().add_(1e-6), value=-self.lr * math.sqrt(1 - 0.999 ** self.t) / (1 - 0.9 ** self.t))
            p.grad = None
