#!/usr/bin/env python3
"""Golden sets of the video-language model with other sizes than the committed one, from an independent implementation of the specification.

    make_model_set.py --check tests/goldens/model     does reference.py give what a set holds?
    make_model_set.py --out /tmp/set --seed 7         writes /tmp/set/model; then: DEMOVLP_GOLDENS=/tmp/set tests/run.sh parity

Needs PyTorch 1.13 or later and numpy (Debian: python3-torch, python3-numpy).
"""
import argparse
import json
import math
import os
from collections import OrderedDict

import numpy as np
import torch

import modelcases as cases
import othercases
import reference as ref
from goldenfiles import Writer, load

torch.set_num_threads(1)


def architecture(r):
    """Sizes that differ from each other and from the committed set's, within what the model allows."""
    ow, tw, heads, theads = r.choice([6, 8, 12]), r.choice([8, 10, 12]), r.choice([2, 3, 5]), r.choice([2, 3, 5])
    out = int(r.choice([12, 20, 24]))
    return {
        "object": {"embed_dim": int(ow * heads), "depth": int(r.integers(1, 5)), "num_heads": int(heads), "mlp_ratio": int(r.integers(1, 4)), "feat_dim": int(r.integers(9, 40)),
                   "pos_dim": 6, "output_dim": out, "ln_eps": 1e-6},
        "text": {"vocab_size": int(r.integers(60, 300)), "dim": int(tw * theads), "n_layers": int(r.integers(1, 5)), "n_heads": int(theads), "hidden_dim": int(r.integers(20, 90)),
                 "max_position_embeddings": int(r.integers(20, 60)), "ln_eps": 1e-12, "pad_token_id": 0},
    }


def weights(arch, frames, regions, labels=0, time=False, objects_only=False):
    """Random weights of a plausible scale, under the published keys."""
    o, t, w = arch["object"], arch["text"], OrderedDict()

    def lin(key, a, b, bias=True):
        w[key + ".weight"] = torch.randn(b, a) / math.sqrt(a)
        if bias:
            w[key + ".bias"] = 0.1 * torch.randn(b)

    def ln(key, a):
        w[key + ".weight"], w[key + ".bias"] = 1 + 0.1 * torch.randn(a), 0.1 * torch.randn(a)

    if not objects_only:
        w["text_model.embeddings.word_embeddings.weight"] = 0.5 * torch.randn(t["vocab_size"], t["dim"])
        w["text_model.embeddings.position_embeddings.weight"] = 0.5 * torch.randn(t["max_position_embeddings"], t["dim"])
        ln("text_model.embeddings.LayerNorm", t["dim"])
        for i in range(t["n_layers"]):
            p = f"text_model.transformer.layer.{i}."
            for n in ("q_lin", "k_lin", "v_lin", "out_lin"):
                lin(p + "attention." + n, t["dim"], t["dim"])
            ln(p + "sa_layer_norm", t["dim"])
            lin(p + "ffn.lin1", t["dim"], t["hidden_dim"])
            lin(p + "ffn.lin2", t["hidden_dim"], t["dim"])
            ln(p + "output_layer_norm", t["dim"])
    p, d = "" if objects_only else "object_model.", o["embed_dim"]
    for key, n in (("cls_token", 1), ("custom_pos_embed", regions + 1), ("temporal_embed", frames)):
        w[p + key] = 0.5 * torch.randn(1, n, d)
    for i in range(o["depth"]):
        b = f"{p}blocks.{i}."
        ln(b + "norm1", d)
        for n in ("attn", "timeattn") if time else ("attn",):
            lin(b + n + ".qkv", d, 3 * d)
            lin(b + n + ".proj", d, d)
        ln(b + "norm2", d)
        lin(b + "mlp.fc1", d, d * o["mlp_ratio"])
        lin(b + "mlp.fc2", d * o["mlp_ratio"], d)
        ln(b + "norm3", d)
    ln(p + "norm", d)
    lin(p + "object_embedding", o["feat_dim"], d)
    lin(p + "pos_embedding", 6, d)
    lin(p + "proj", d, o["output_dim"], bias=False)
    if labels:
        out, h = o["output_dim"], o["output_dim"] + 4
        for key, a, b in (("v_att.v_proj.main.0", out, h), ("v_att.q_proj.main.0", out, h), ("v_att.linear", h, 1), ("classifier.q_net.main.0", out, h), ("classifier.v_net.main.0", out, h)):
            w[f"head.{key}.bias"], w[f"head.{key}.weight_v"] = 0.1 * torch.randn(b), torch.randn(b, a) / math.sqrt(a)
            w[f"head.{key}.weight_g"] = w[f"head.{key}.weight_v"].norm() * 1.1
        lin("head.classifier.main.0", h, 2 * h)
        lin("head.classifier.main.3", 2 * h, labels)
    if not objects_only:
        lin("txt_proj.1", t["dim"], o["output_dim"])
    return w


def texts(arch, n, length):
    ids, mask = torch.zeros(n, length, dtype=torch.int64), torch.zeros(n, length, dtype=torch.int64)
    for i in range(n):
        k = length if i == 0 else int(torch.randint(2, length + 1, ()))
        ids[i, :k], mask[i, :k] = torch.randint(1, arch["text"]["vocab_size"], (k,)), 1
    return {"input_ids": ids, "attention_mask": mask}


def videos(arch, n, frames, regions, dtype=torch.float32, names=("object", "object_mask")):
    x = torch.cat([torch.randn(n, frames, regions, arch["object"]["feat_dim"]), torch.rand(n, frames, regions, 6)], -1)
    mask = torch.ones(n, frames, regions, dtype=dtype)
    for i in range(1, n):
        for f in range(frames):
            mask[i, f, int(torch.randint(1, regions + 1, ())):] = 0
    return {names[0]: x, names[1]: mask}


def ragged(n, length):
    mask = torch.zeros(n, length)
    for i in range(1, n):
        mask[i, int(torch.randint(2, length + 1, ())):] = -100
    return mask


def compute(name, i, w, arch, config):
    return next(f for family, f in cases.COMPUTE.items() if name.startswith(family))(i, w, arch, config)


def stable(name, make, w, arch, config, margin=2e-4, tries=500):
    """Inputs whose attention stays clear of the focal threshold, with the outputs in float32 and float64."""
    for _ in range(tries):
        i = make()
        out, expected = compute(name, i, w, arch, config)
        if (expected or {}).get("focal_threshold_margin") is None or expected["focal_threshold_margin"] > margin:
            exact, _ = compute(name, cases.cast(i, torch.float64), cases.cast(w, torch.float64), arch, config)
            return i, out, exact, expected, [compute(name, cases.noisy(i), w, arch, config)[0] for _ in range(3)]
    raise RuntimeError(f"{name}: no inputs clear of the focal threshold")


def write(folder, seed):
    torch.manual_seed(seed)
    r = np.random.default_rng(seed)
    arch = architecture(r)
    pick = lambda low, high: int(r.integers(low, high))
    f, n, n1, labels, length = pick(2, 6), pick(3, 8), pick(4, 9), pick(3, 14), pick(7, 12)
    set_ = Writer(os.path.join(folder, "model"), arch, f"made with seed {seed}")
    many, single, qa, time = f"retrieval_f{f}n{n}", f"retrieval_f1n{n1}", f"qa_f{f}n{n}", f"object_timeattn_f{f}n{n}"
    w = {many: weights(arch, f, n), single: weights(arch, 1, n1), qa: weights(arch, f, n, labels), time: weights(arch, f, n, time=True, objects_only=True)}
    for name, about in ((many, (f, n, "")), (single, (1, n1, "")), (qa, (f, n, "")), (time, (f, n, "timeattn"))):
        set_.weights(name, w[name], **dict(zip(("num_frames", "object_num", "time_module"), about)))

    def add(name, about, make, weight="", config=None, prefix="", **rest):
        config = config or {}
        i, out, exact, expected, noisy = stable(name, make, w.get(weight, {}), arch, config, **rest)
        source = {"weights": {"file": f"../weights/{weight}.safetensors", "prefix": prefix}} if weight else {}
        set_.case(name, about, i, out, exact, expected, noisy, config=config, **source)

    both = lambda frames, regions, **more: {"object": arch["object"], "text": arch["text"], "num_frames": frames, "object_num": regions, **more}
    pairs = lambda b, frames, regions, dtype=torch.float32: {**texts(arch, b, length), **videos(arch, b, frames, regions, dtype)}
    full = {k: torch.ones_like(v) if k.endswith("mask") else v for k, v in texts(arch, 1, length).items()}
    add("01_text_encoder", "ragged texts and one without padding", lambda: {**texts(arch, 5, length), **{"single." + k: v for k, v in full.items()}}, many, arch["text"], "text_model.")
    for name, weight, frames, regions, prefix in ((f"02_object_f1n{n1}", single, 1, n1, "object_model."), (f"02_object_f{f}n{n}", many, f, n, "object_model."), (f"02_object_timeattn_f{f}n{n}", time, f, n, "")):
        short = lambda: videos(arch, 2, max(1, f // 2), n, names=("short.x", "short.x_mask")) if frames > 1 else {}
        add(name, "object encoder", lambda: {**videos(arch, 4, frames, regions, names=("x", "x_mask")), **short()}, weight,
            {**arch["object"], "num_frames": frames, "object_num": regions, "time_module": "timeattn" if weight == time else ""}, prefix)
    add(f"03_retrieval_f1n{n1}", "forward", lambda: pairs(5, 1, n1), single, both(1, n1))
    add(f"03_retrieval_f{f}n{n}", "forward", lambda: pairs(2, f, n), many, both(f, n))
    add(f"03_qa_f{f}n{n}", "forward", lambda: pairs(5, f, n), qa, both(f, n, num_label=labels, head_hidden=arch["object"]["output_dim"] + 4))
    k = pick(3, 7)
    question = lambda: {f"q{j}.{a}": b for j in range(3) for a, b in {**texts(arch, k, length), **videos(arch, 1, f, n, torch.float64)}.items()}
    add("03_multiple_choice", f"3 questions of {k} options", question, many, both(f, n, focal_type="equal", lambda_softmax=20))
    b = pick(3, 8)
    add("04_norm_softmax", "value and gradient", lambda: {"x": torch.rand(b, b) * 2 - 1, "rect.x": torch.rand(3, b) * 2 - 1}, config={"temperature": 0.07, "t05.temperature": 0.5})
    add("04_max_margin", "value and gradient", lambda: {"x": torch.rand(b, b)}, config={"": {"margin": 1, "fix_norm": True}, "nofix.": {"margin": 1, "fix_norm": False}, "m03.": {"margin": 0.3, "fix_norm": True}})
    d, nr, nw = arch["object"]["output_dim"], pick(4, 10), pick(4, 10)
    sides = lambda v, c: {"im": torch.randn(v, nr, d), "s": torch.randn(c, nw, d), "im_mask": ragged(v, nr), "s_mask": ragged(c, nw)}
    for focal in ("equal", "prob"):
        add(f"04_xattn_sim_{focal}", "alignment", lambda: sides(3, 5), config={"focal_type": focal, "lambda_softmax": 20})
        add(f"04_rwa_global_local_{focal}", "losses", lambda: {"global_sim": torch.rand(4, 4) * 2 - 1, **sides(4, 4)}, config={"focal_type": focal, "lambda_softmax": 20, "temperature": 0.05})
    add("04_sim_by_segment", "blocks", lambda: sides(9, 10), config={"focal_type": "equal", "lambda_softmax": 20})

    def edge():
        t = texts(arch, 3, 8)
        longer = {f"pad.{a}_padded14": torch.cat([b_, torch.zeros(3, 6, dtype=b_.dtype)], 1) for a, b_ in t.items()}
        return {"im": torch.randn(4, nr, d), "s": torch.randn(4, nw, d), **{"pad." + a: b_ for a, b_ in {**t, **videos(arch, 3, f, n)}.items()}, **longer}

    add("04_rwa_edge_cases", "single, masked and padded sides", edge, many, {"focal_type": "equal", "lambda_softmax": 20})
    othercases.metrics(set_, r)
    othercases.schedule(set_)
    othercases.files(set_, r, arch, f, n)
    othercases.checkpoints(set_, w[many], w[qa], many, qa)
    othercases.inflation(set_, w[many], many, arch, f, {**texts(arch, 2, length), **videos(arch, 2, f + 3, n)})
    othercases.training(set_, "08_train_retrieval", single, w[single], arch, lambda: pairs(5, 1, n1, torch.float64), both(1, n1, lr=1e-3, steps=5, focal_type="equal", temperature=0.05, lambda_softmax=20), ("hf", "torch"))
    othercases.training(set_, "08_train_retrieval_prob", many, w[many], arch, lambda: pairs(4, f, n, torch.float64), both(f, n, lr=1e-3, steps=5, focal_type="prob", temperature=0.05, lambda_softmax=20), ("hf",))
    othercases.training(set_, "08_train_qa", qa, w[qa], arch, lambda: {**pairs(5, f, n, torch.float64), "label": torch.randint(0, labels, (5,))}, both(f, n, num_label=labels, lr=1e-3, steps=5), ("hf", "torch"))
    rules = {"hf": {"lr": 1e-3, "eps": 1e-6, "weight_decay": 0}, "hf_wd": {"lr": 1e-3, "eps": 1e-6, "weight_decay": 0.1}, "torch": {"lr": 1e-3, "eps": 1e-8, "weight_decay": 0}, "torch_wd": {"lr": 1e-3, "eps": 1e-8, "weight_decay": 0.1}}
    add("08_adamw", "small gradients first, so that the epsilon is seen", lambda: {"p0": torch.randn(5, 3), **{f"g{j}": s * torch.randn(5, 3) for j, s in enumerate((1e-6, 1e-8, 1e-3, 1, 1e-6))}}, config=rules)
    add("09_eval_retrieval", "7 pairs in batches of 3", lambda: pairs(7, f, n, torch.float64), many, both(f, n, batch=3, focal_type="equal"), margin=5e-5)
    set_.close()
    print(f"{len(set_.index['cases'])} cases in {set_.root}: {json.dumps(arch)}, {f} frames x {n} regions, 1 x {n1}, {labels} labels, {length} tokens")


def check(folder):
    """Compares what reference.py computes from a set's inputs with the set's outputs."""
    with open(os.path.join(folder, "index.json")) as f:
        index = json.load(f)
    compared, faults = 0, []
    for name in (c["case"] for c in index["cases"]):
        with open(os.path.join(folder, "cases", name + ".json")) as f:
            m = json.load(f)
        file = os.path.join(folder, "cases", name + ".safetensors")
        tensors = load(file) if os.path.exists(file) else {}
        i = {k[3:]: v for k, v in tensors.items() if k.startswith("in.")}
        w = load(os.path.join(folder, "cases", m["weights"]["file"])) if m.get("weights", {}).get("file", "").endswith(".safetensors") else {}
        found = []
        if any(name.startswith(family) for family in cases.COMPUTE):
            out, expected = compute(name, i, w, index["arch"], m.get("config", {}))
            found = [(k, out.get(k), tensors["out." + k], e.get("suggested_atol", 2e-5)) for k, e in m["outputs"].items()]
            if name.startswith("09"):
                found.append(("val_loss", torch.tensor(expected["val_loss"]), torch.tensor(m["expected"]["val_loss"]), 1e-4))
        elif name.startswith("08_train"):
            for run in (k for k in m["expected"] if k.endswith("_adamw")):
                steps, first, last = cases.train(i, w, index["arch"], m["config"], run.split("_")[0])
                e = m["expected"][run]
                found += [(f"{run} step {n} {k}", torch.tensor(float(s[k])), torch.tensor(float(t[k])), 1e-3 * abs(t[k]) if k == "grad_norm" else e["suggested_loss_atol"][n] * (1 if k == "loss" else 3)) for n, (s, t) in enumerate(zip(steps, e["steps"])) for k in t]
                found += [(f"{run} {k}", p.double().pow(2).sum(), torch.tensor(e["final_parameters"][k]["sumsq"]), e["final_parameters"][k]["suggested_sumsq_atol"]) for k, p in last.items()]
        else:
            found = othercases.check(name, m, i, tensors)
        for what, ours, theirs, atol in found:
            compared += 1
            if ours is None or ours.shape != theirs.shape or not (torch.nan_to_num(ours.double() - theirs.double()).abs().max().item() if ours.numel() else 0) <= atol:
                faults.append(f"{name} {what}: {'missing' if ours is None else (ours.double() - theirs.double()).abs().max().item() if ours.shape == theirs.shape else ours.shape}, allowed {atol}")
    print("\n".join(faults + [f"{compared} compared, {len(faults)} differ"]))
    return not faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", metavar="SET")
    parser.add_argument("--out", metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.check and not check(arguments.check):
        raise SystemExit(1)
    if arguments.out:
        write(arguments.out, arguments.seed)
