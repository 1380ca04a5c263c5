"""The video-language model as the specification describes the published code, plainly and on a dictionary of weights.

Used by make_model_set.py alone. Written from the specification, without the published code; where a sum is written out here as a full
matrix with a mask, the product groups it instead, so that the two have no code in common but torch's operators.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F


def linear(w, key, x):
    return F.linear(x, w[key + ".weight"], w.get(key + ".bias"))


def norm(w, key, x, eps):
    return F.layer_norm(x, x.shape[-1:], w[key + ".weight"], w[key + ".bias"], eps)


def split(x, heads):
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def text_encoder(w, arch, ids, mask, p="text_model."):
    """Embeddings and the output of every layer, [B, T, dim] each."""
    eps = arch["ln_eps"]
    h = F.embedding(ids, w[p + "embeddings.word_embeddings.weight"], padding_idx=arch["pad_token_id"])
    h = norm(w, p + "embeddings.LayerNorm", h + w[p + "embeddings.position_embeddings.weight"][: ids.shape[1]], eps)
    states = [h]
    for i in range(arch["n_layers"]):
        a = f"{p}transformer.layer.{i}."
        q, k, v = (split(linear(w, a + "attention." + n, h), arch["n_heads"]) for n in ("q_lin", "k_lin", "v_lin"))
        scores = (q / math.sqrt(q.shape[-1])) @ k.transpose(2, 3)
        scores = scores.masked_fill((mask == 0)[:, None, None, :], float("-inf"))
        seen = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
        h = norm(w, a + "sa_layer_norm", linear(w, a + "attention.out_lin", seen) + h, eps)
        h = norm(w, a + "output_layer_norm", linear(w, a + "ffn.lin2", F.gelu(linear(w, a + "ffn.lin1", h))) + h, eps)
        states.append(h)
    return states


def divided(w, p, x, mask, heads, group):
    """Attention in which region r sees [CLS] and the regions of its group; group has R entries."""
    q, k, v = (split(t, heads) for t in linear(w, p + "qkv", x).chunk(3, -1))
    length = x.shape[1]
    allowed = torch.ones(length, length, dtype=torch.bool)
    allowed[1:, 1:] = group[:, None] == group[None, :]
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(2, 3) + mask.to(x.dtype)[:, None, None, :]
    seen = scores.masked_fill(~allowed, float("-inf")).softmax(-1) @ v
    return linear(w, p + "proj", seen.transpose(1, 2).flatten(2))


def object_encoder(w, arch, x, x_mask, p="object_model."):
    """Tokens before the first block, after each block, after the projection, and the additive mask."""
    (b, frames, n, _), eps, features = x.shape, arch["ln_eps"], arch["feat_dim"]
    mask = (torch.cat([torch.ones(b, 1, dtype=x_mask.dtype), x_mask.reshape(b, -1)], 1) - 1) * 100
    e = linear(w, p + "object_embedding", x[..., :features]) + linear(w, p + "pos_embedding", x[..., features:])
    slots = w[p + "custom_pos_embed"].shape[1] - 1
    places = torch.cat([w[p + "custom_pos_embed"][:, :1], w[p + "temporal_embed"].repeat_interleave(slots, 1)], 1)[:, : 1 + frames * n]
    h = torch.cat([w[p + "cls_token"].expand(b, -1, -1), e.reshape(b, frames * n, -1)], 1) + places
    tokens, blocks = h, []
    frame, slot = torch.arange(frames).repeat_interleave(n), torch.arange(n).repeat(frames)
    for i in range(arch["depth"]):
        a = f"{p}blocks.{i}."
        y = h
        if a + "timeattn.qkv.weight" in w:
            y = h + divided(w, a + "timeattn.", norm(w, a + "norm3", h, eps), mask, arch["num_heads"], slot)
        h = h + divided(w, a + "attn.", norm(w, a + "norm1", y, eps), mask, arch["num_heads"], frame)
        h = h + linear(w, a + "mlp.fc2", F.gelu(linear(w, a + "mlp.fc1", norm(w, a + "norm2", h, eps))))
        blocks.append(h)
    return tokens, blocks, linear(w, p + "proj", h), mask


def encode_text(w, arch, ids, mask):
    return linear(w, "txt_proj.1", text_encoder(w, arch, ids, mask)[-1].relu())


def relation(w, arch, i):
    """Global and local text, global and local video, mask of the regions."""
    text = encode_text(w, arch["text"], i["input_ids"], i["attention_mask"])
    _, _, video, mask = object_encoder(w, arch["object"], i["object"], i["object_mask"])
    return text[:, 0], text[:, 1:], video[:, 0], video[:, 1:], mask[:, 1:]


def answers(w, arch, i):
    """The question answering model: everything the goldens hold, by name."""
    def wn(key, x):
        v = w[key + ".weight_v"]
        return F.linear(x, v * (w[key + ".weight_g"] / v.norm()), w[key + ".bias"])

    text = encode_text(w, arch["text"], i["input_ids"], i["attention_mask"])
    _, _, video, _ = object_encoder(w, arch["object"], i["object"], i["object_mask"])
    q, v = text.max(1).values, video[:, 1:]
    joint = wn("head.v_att.v_proj.main.0", v).relu() * wn("head.v_att.q_proj.main.0", q).relu()[:, None]
    scores = wn("head.v_att.linear", joint) * i["object_mask"].reshape(v.shape[0], -1, 1).to(v.dtype)
    attention = scores.softmax(1)
    seen = (attention * v).sum(1)
    j = wn("head.classifier.q_net.main.0", q).relu() * wn("head.classifier.v_net.main.0", seen).relu()
    logits = linear(w, "head.classifier.main.3", linear(w, "head.classifier.main.0", j).relu())
    return {"logits": logits, "text_embeddings": text, "text_max": q, "object_embeddings": video, "attention": attention, "attention_logits": scores}


def cosines(a, b):
    return (a / a.norm(dim=-1, keepdim=True).clamp_min(1e-8)) @ (b / b.norm(dim=-1, keepdim=True).clamp_min(1e-8)).t()


def word_mask(attention_mask, like):
    return (attention_mask[:, 1:].to(like.dtype) - 1) * 100


def unit(x):
    return x / (x.pow(2).sum(-1, keepdim=True).sqrt() + 1e-8)


def contexts(q, qm, c, cm, lam, focal, margins=None):
    """What each of the queries [Nq, L, d] sees in each context [Nc, S, d]: [Nq, Nc, L, d]."""
    s = F.leaky_relu(torch.einsum("qld,ckd->qclk", unit(q), unit(c)), 0.1)
    s = s / (s.pow(2).sum(2, keepdim=True).sqrt() + 1e-8)
    a = (lam * (s + qm[:, None, :, None] + cm[None, :, None, :])).softmax(-1)
    if focal == "equal":
        excess = a * a.shape[-1] - a.sum(-1, keepdim=True)
        if margins is not None:
            margins.append(excess.detach().abs().min().item())
        a = a * (excess > 0).to(a.dtype)
    a = (a / a.sum(-1, keepdim=True)).to(q.dtype)
    return torch.einsum("qclk,ckd->qcld", a, unit(c))


def rwa(im, im_m, s, s_m, lam=20, focal="equal", margins=None):
    """Region-word alignment [videos, captions]."""
    def cos(x, y):
        return (x * y).sum(-1) / (x.pow(2).sum(-1).sqrt() * y.pow(2).sum(-1).sqrt()).clamp_min(1e-8)

    if s_m is None:
        s_m = torch.ones(s.shape[:2], dtype=s.dtype)
    words = contexts(s, s_m, im, im_m, lam, focal, margins)  # [captions, videos, L, d]
    regions = contexts(im, im_m, s, s_m, lam, focal, margins)  # [videos, captions, R, d]
    return cos(s[:, None], words).mean(-1).t() + cos(im[:, None], regions).mean(-1)


def norm_softmax(x, temperature):
    x = x / temperature
    return -(x.log_softmax(1).diagonal().mean() + x.log_softmax(0).diagonal().mean())


def rwa_loss(scores, lam=20):
    z = lam * scores
    target = torch.eye(z.shape[0], dtype=z.dtype) + 1e-6
    return (z.softmax(1) * (z.log_softmax(1) - target.log())).sum(1).mean()


def global_local(g, scores, temperature, lam, local=True, glob=True):
    """Total, global and local loss; scores is called only if it is used."""
    zero = torch.zeros((), dtype=g.dtype)
    a = norm_softmax(g, temperature) if glob or not local else zero
    b = rwa_loss(scores(), lam) if local else zero
    return a + b, a, b


def max_margin(x, margin, fix_norm):
    d = x.diagonal()[:, None]
    both = torch.stack([(margin - (d - x)).relu(), (margin - (d - x.t())).relu()])
    if not fix_norm:
        return both.mean()
    return both[:, ~torch.eye(x.shape[0], dtype=torch.bool)].mean()


def adamw(params, grads, state, lr, rule, eps, weight_decay=0.0):
    """One step in place; rule hf (epsilon before the bias correction, decay after the update) or torch."""
    for key, p in params.items():
        g = grads[key]
        if g is None:
            continue
        m, v, t = state.get(key, (torch.zeros_like(p), torch.zeros_like(p), 0))
        m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, t + 1
        state[key] = (m, v, t)
        c1, c2 = 1 - 0.9 ** t, math.sqrt(1 - 0.999 ** t)
        if rule == "hf":
            p -= lr * c2 / c1 * m / (v.sqrt() + eps)
            p -= lr * weight_decay * p
        else:
            p *= 1 - lr * weight_decay
            p -= lr / c1 * m / (v.sqrt() / c2 + eps)


def cols2metrics(cols, n):
    cols = np.asarray(cols, dtype=np.float64)
    r = {"R1": 100 * float((cols == 0).sum()) / n, **{f"R{k}": 100 * float((cols < k).sum()) / n for k in (5, 10, 50)}}
    r["MedR"], r["MeanR"] = float(np.median(cols)) + 1, float(cols.mean()) + 1
    top = [r["R1"], r["R5"], r["R10"]]
    r["geometric_mean_R1-R5-R10"] = 0.0 if min(top) == 0 else float(np.exp(np.mean(np.log(top))))
    return r


def t2v(sims, present=None):
    captions, videos = sims.shape
    keep = np.ones(captions, bool) if present is None else present.reshape(-1).astype(bool)
    own = np.arange(captions) // (captions // videos)
    ranks = (sims > sims[np.arange(captions), own][:, None]).sum(1)[keep]
    return cols2metrics(ranks, len(ranks))


def v2t(sims, present=None):
    captions, videos = sims.shape
    per = captions // videos
    keep = np.ones(captions, bool) if present is None else present.reshape(-1).astype(bool)
    distance = np.where(keep[:, None], -sims, 1e8)
    best = []
    for v in range(videos):
        ranks = [np.inf]
        for c in range(v * per, (v + 1) * per):
            if keep[c]:
                d = distance[:, v]
                ranks.append((d < d[c]).sum() + ((d == d[c]).sum() - 1) / 2)
        best.append(min(ranks))
    return cols2metrics(best, videos)
