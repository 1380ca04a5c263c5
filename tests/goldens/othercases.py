"""Cases that are not one forward pass: metrics, region files, checkpoints, temporal embeddings, training. See make_model_set.py."""
import os
from collections import OrderedDict

import numpy as np
import torch

import modelcases as cases
import reference as ref
from goldenfiles import save


def metrics(set_, r):
    sims = {"random": r.standard_normal((13, 13)), "tied": np.zeros((7, 7)), "quantised": np.round(r.standard_normal((21, 21)) * 2), "captions_5x3": np.round(r.standard_normal((15, 5)), 1)}
    masks = {"captions_5x3_masked": (r.random((5, 3)) < 0.7).astype(np.int64), "without_caption": np.ones((5, 3), np.int64)}
    masks["captions_5x3_masked"][:, 0] = 1
    masks["without_caption"][2] = 0
    sims.update({k: sims["captions_5x3"] for k in masks})
    expected = {}
    for k, x in sims.items():
        m = masks.get(k)
        expected[k] = {"sims": "in." + k, **({"query_masks": f"in.{k}.mask"} if m is not None else {}), "t2v": ref.t2v(x, m), "v2t": ref.v2t(x, m)}
    inputs = {**{k: torch.tensor(v) for k, v in sims.items()}, **{k + ".mask": torch.tensor(v) for k, v in masks.items()}}
    set_.case("05_retrieval_metrics", "both directions", inputs, expected=expected)
    ranks = {"whole": [float(x) for x in r.integers(0, 60, 11)], "halves": [0.0, 0.5, 3.5, 9.5]}
    set_.case("05_cols2metrics", "of ranks", expected={k: {"cols": v, "num_queries": len(v) + (k == "halves"), "metrics": ref.cols2metrics(v, len(v) + (k == "halves"))} for k, v in ranks.items()})
    truth = {f"mc{i}": int(r.integers(0, 4)) for i in range(11)}
    chosen = {k: int(r.integers(0, 4)) for k in list(truth)[:7]}
    accuracy = lambda p: {"mc_accuracy": f"{100 * sum(truth[k] == v for k, v in p.items()) / len(p):.2f}"}
    set_.case("05_evaluate_mc", "multiple choice", expected={"gt": truth, "pred": chosen, "metrics": accuracy(chosen), "metrics_all_right": accuracy(truth)})
    kinds = ["what", "who", "how", "where", "when", "object", "number", "color", "location"]
    labels = {str(i): word for i, word in enumerate(("cat", "dog", "red", "two", "ball"))}
    questions = {str(i): {"answer": str(r.choice(list(labels.values()) + ["unseen"])), "answer_type": str(r.choice(kinds[:6]))} for i in range(23)}
    results = [{"question_id": i, "answer": int(r.integers(0, 5))} for i in range(23)] + [{"question_id": 4, "answer": 1}]
    last = {str(x["question_id"]): labels[str(x["answer"])] for x in results}
    right = {q: last[q] == v["answer"] for q, v in questions.items()}
    of = {k: [right[q] for q, v in questions.items() if v["answer_type"] == k] for k in kinds}
    m = {"overall_acc": sum(right.values()) / len(right), **{k + "_acc": sum(v) / len(v) if v else 0 for k, v in of.items()}}
    m["ratios"] = {k + "_ratio": [len(v) / len(right), len(v)] for k, v in of.items()}
    set_.case("05_evaluate_qa", "answers by type", expected={"label2ans": labels, "qid2data": questions, "full": {"results": results, "metrics": m}})


def uniform(available, wanted):
    k = min(available, wanted)
    edges = [j * available // k for j in range(k + 1)]
    bins = [[a, b - 1] for a, b in zip(edges, edges[1:])]
    return [(a + b) // 2 for a, b in bins], bins


def read(frames, regions):
    """Rows of the model's input for frames of (x, boxes, confidences, width, height), in float32."""
    rows, masks = [], []
    for x, box, conf, width, height in frames:
        order = sorted(range(len(conf)), key=lambda i: (-conf[i], -i))[:regions]
        f, b = x[order], box[order]
        w, h = (b[:, 2] - b[:, 0]) / np.float32(width), (b[:, 3] - b[:, 1]) / np.float32(height)
        left, top = b[:, 0] / np.float32(width), b[:, 1] / np.float32(height)
        row = np.concatenate([f, np.stack([left, top, left + w, top + h, w, h], 1)], 1).astype(np.float32)
        rows.append(np.concatenate([row, np.repeat(row[-1:], regions - len(order), 0)]))
        masks.append([1.0] * len(order) + [0.0] * (regions - len(order)))
    return torch.tensor(np.stack(rows)), torch.tensor(masks, dtype=torch.float64)


def schedule(set_):
    tables = []
    for first, later, milestones, epochs in ((3e-5, 2e-4, [3, 5], 8), (1e-4, 1e-4, [1, 2, 6], 7)):
        rates = [first] + [later * 0.1 ** sum(m <= e for m in milestones) for e in range(1, epochs)]
        tables.append({"config_lr": first, "learning_rate1": later, "schedule": milestones, "epochs": epochs, "lr_used_in_epoch": rates})
    set_.case("08_lr_schedule", "rate of each epoch", expected={"tables": tables})


def files(set_, r, arch, f, n):
    table = []
    for wanted, available in ((f, 3 * f + 1), (f, f), (8, 8), (8, 21), (3, 2), (5, 64), (1, 9)):
        middle, bins = uniform(available, wanted)
        table.append({"num_frames": wanted, "available": available, "uniform": middle, "intervals": bins, "rand_choices_half_open": bins, "rand_fails": any(a == b for a, b in bins)})
    set_.case("06_frame_sampling", "which frames are read", expected={"table": table})

    features, stored = arch["object"]["feat_dim"], {}
    for video, count in (("video_a", 5), ("ties", 1)):
        os.makedirs(set_.path("npz", video), exist_ok=True)
        for k in range(count):
            boxes, (width, height) = int(r.integers(1, 2 * n)), (int(r.integers(200, 700)), int(r.integers(200, 700)))
            x = r.random((boxes, features), dtype=np.float32)
            corner = r.random((boxes, 2), dtype=np.float32) * 100
            box = np.concatenate([corner, corner + r.random((boxes, 2), dtype=np.float32) * 90 + 5], 1)
            conf = r.random(boxes, dtype=np.float32) if video != "ties" else np.round(r.random(boxes, dtype=np.float32) * 3) / np.float32(3)
            info = {"image_id": str(k), "image_h": height, "image_w": width, "num_boxes": boxes, "objects_id": r.integers(0, 1600, boxes), "objects_conf": conf.astype(np.float32),
                    "attrs_id": r.integers(0, 400, boxes), "attrs_conf": r.random(boxes, dtype=np.float32)}
            (np.savez if k % 2 else np.savez_compressed)(set_.path("npz", video, f"{k}.npz"), x=x, bbox=box, num_bbox=boxes, image_h=height, image_w=width, info=info)
            stored[f"{video}/{k}"] = (x, box, conf.astype(np.float32), width, height), info
    os.makedirs(set_.path("npz", "broken"), exist_ok=True)
    with open(set_.path("npz", "broken", "0.npz"), "wb") as broken:
        broken.write(b"this is no archive")
    reads, outputs = {}, {}
    for name, video, indices, regions in (("all", "video_a", [0, 1, 2, 3, 4], n), ("unsorted", "video_a", [4, 0, 2], n + 3), ("ties", "ties", [0], max(2, n - 1))):
        outputs[name + ".object"], outputs[name + ".mask"] = read([stored[f"{video}/{k}"][0] for k in sorted(indices)], regions)
        reads[name] = {"path": "npz/" + video, "frame_indices": indices, "object_num": regions, "lens": [int(x) for x in outputs[name + ".mask"].sum(1)]}
    middle, _ = uniform(5, 3)
    outputs["item.object"], outputs["item.mask"] = read([stored[f"video_a/{k}"][0] for k in middle], n)
    reads["item"] = {"path": "npz/video_a", "num_frames": 3, "object_num": n, "split": "val", "lens": [int(x) for x in outputs["item.mask"].sum(1)]}
    raw = {k: {"x_sum": float(v[0][0].astype(np.float64).sum()), "bbox_sum": float(v[0][1].astype(np.float64).sum()), "num_bbox": v[1]["num_boxes"],
               "info": {a: b.tolist() if isinstance(b, np.ndarray) else b for a, b in v[1].items()}} for k, v in list(stored.items())[:2]}
    set_.case("06_region_reader", "region files", outputs=outputs, expected={"reads": reads, "raw_contents": raw, "failures": {"missing_frame": "", "broken_file": "", "missing_directory": ""}})


def checkpoints(set_, retrieval, qa, many, qa_name):
    torch.save({"epoch": 4, "state_dict": OrderedDict(("module." + k, v) for k, v in retrieval.items())}, set_.path("weights", many + ".pth"))
    torch.save({"state_dict": qa}, set_.path("weights", qa_name + "_legacy.pth"), _use_new_zipfile_serialization=False)
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    odd = {"transposed": base.t(), "part": base[1:3, ::2], "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "long": torch.arange(5), "half": torch.randn(3).half(), "truth": torch.tensor([True, False])}
    wide = torch.randn(4)
    scalars = {"epoch": 4, "none": None, "float": 1e-5, "big": 2 ** 40, "neg": -9, "text": "h\u00e9llo", "list": [1, "a", [2.5, None, True]]}
    torch.save({**scalars, "state_dict": OrderedDict({**odd, "wide": wide.bfloat16()}), "nested": {"x": {"y": base[:, 1]}}}, set_.path("weights", "odd_tensors.pth"))
    save(set_.path("weights", "odd_tensors.safetensors"), {**odd, "wide": wide.bfloat16().float(), "nested.x.y": base[:, 1]})
    names = {many + ".pth": {"format": "zip", "top_level": {"epoch": 4, "state_dict": "every key prefixed module."}, "values": many + ".safetensors"},
             qa_name + "_legacy.pth": {"format": "legacy", "values": qa_name + ".safetensors"}, "odd_tensors.pth": {"format": "zip", "values": "odd_tensors.safetensors (same keys)"}}
    set_.case("00_checkpoints", "written by torch.save", expected={"files": names, "odd_scalars": scalars})


def resized(x, frames, fix):
    have = x.shape[1]
    if have >= frames:
        return x[:, :frames].clone()
    if fix == "zeros":
        return torch.cat([x, torch.zeros(1, frames - have, x.shape[2], dtype=x.dtype)], 1)
    at = [(j + 0.5) * have / frames - 0.5 for j in range(frames)]
    if fix == "interp":
        return torch.stack([x[:, j * have // frames] for j in range(frames)], 1)
    rows = []
    for a in at:
        a = min(max(a, 0), have - 1)
        low = int(a)
        rows.append(x[:, low] * (1 - (a - low)) + x[:, min(low + 1, have - 1)] * (a - low))
    return torch.stack(rows, 1)


def inflation(set_, w, name, arch, f, pairs):
    inputs, outputs, exact, described = {}, {}, {}, {}
    for have, want in ((1, f + 1), (f, f + 3), (f + 2, f), (f, f)):
        key = f"f{have}_to_f{want}"
        inputs[key] = torch.randn(1, have, arch["object"]["embed_dim"])
        for fix in ("zeros", "bilinear", "interp"):
            outputs[f"{key}_{fix}"] = resized(inputs[key], want, fix)
            described[f"{key}_{fix}"] = {"loaded_frames": have, "model_frames": want, "fix": fix}
    inputs.update({"e2e." + k: v for k, v in pairs.items()})
    for fix in ("zeros", "bilinear"):
        for kind, into in ((torch.float32, outputs), (torch.float64, exact)):
            longer = cases.cast({**w, "object_model.temporal_embed": resized(w["object_model.temporal_embed"], pairs["object"].shape[1], fix)}, kind)
            out = ref.relation(longer, arch, cases.cast(pairs, kind))
            into.update(dict(zip((f"e2e_{fix}.{k}" for k in ("global_text_embeddings", "local_text", "global_object_embeddings", "local_object_embeddings")), out)))
            into.pop(f"e2e_{fix}.local_text")
        outputs[f"e2e_{fix}.temporal_embed"] = longer["object_model.temporal_embed"].float()
    heads = [f"head.{p}.{k}" for p in ("v_att.v_proj.main.0", "v_att.q_proj.main.0", "v_att.linear", "classifier.q_net.main.0", "classifier.v_net.main.0") for k in ("bias", "weight_g", "weight_v")]
    heads += [f"head.classifier.main.{i}.{k}" for i in (0, 3) for k in ("weight", "bias")]
    expected = {"cases": described, "retrieval_checkpoint_into_qa_model": {"keys_kept_at_init": heads, "all_other_keys_loaded": True}, "checkpoint_with_other_object_num": "refused"}
    set_.case("07_temporal_inflation", "other numbers of frames", inputs, outputs, exact, expected, weights={"file": f"../weights/{name}.pth", "prefix": "module."},
              config={"retrieval_default_fix": "zeros", "qa_default_fix": "bilinear", "mc_default_fix": "zeros"})


def training(set_, name, weight, w, arch, make, config, rules):
    """A batch on which float32 and float64 agree, so that the trajectory can be compared at all."""
    for _ in range(60):
        i = make()
        runs = {}
        for rule in rules:
            noisy = [{k: v * (1 + 6e-8 * torch.randn_like(v)) for k, v in w.items()} for _ in range(3)]
            plain, precise = cases.train(i, w, arch, config, rule), cases.train(cases.cast(i, torch.float64), cases.cast(w, torch.float64), arch, config, rule)
            runs[rule] = plain, [precise] + [cases.train(i, v, arch, config, rule) for v in noisy]
        drift = {rule: [max(abs(plain[0][s]["loss"] - other[0][s]["loss"]) for other in others) for s in range(config["steps"])] for rule, (plain, others) in runs.items()}
        if max(max(d) for d in drift.values()) < 2e-4 and all(np.isfinite(s["grad_norm"]) for plain, _ in runs.values() for s in plain[0]):
            break
    else:
        raise RuntimeError(f"{name}: no stable batch")
    outputs, expected = {}, {}
    chosen = [k for k in w if k in ("txt_proj.1.weight", "head.v_att.linear.weight_v", "head.v_att.linear.weight_g") or k.endswith(("object_model.proj.weight", "temporal_embed", "cls_token", "blocks.0.attn.qkv.bias"))]
    for rule, (plain, others) in runs.items():
        steps, first, last = plain
        grads, finals = {}, {}
        for k, g in first.items():
            exact = others[0][1][k]
            grads[k] = None if g is None else {"sum": g.double().sum().item(), "sumsq": g.double().pow(2).sum().item(), "max_abs": g.abs().max().item(),
                                               "rel_err_vs_fp64": ((g.double() - exact).norm() / exact.norm().clamp_min(1e-300)).item()}
            p, far = last[k].double(), [o[2][k].double() for o in others]
            s = {"sum": p.sum().item(), "sumsq": p.pow(2).sum().item(), "numel": p.numel(), "max_abs_drift": max((p - o).abs().max().item() for o in far)}
            s["suggested_sum_atol"] = max(5 * max(abs(s["sum"] - o.sum().item()) for o in far), 5e-5)
            s["suggested_sumsq_atol"] = max(5 * max(abs(s["sumsq"] - o.pow(2).sum().item()) for o in far), 1e-5, 4e-7 * s["sumsq"])
            finals[k] = s
        expected[f"{rule}_adamw"] = {"steps": steps, "loss_drift": drift[rule], "suggested_loss_atol": [max(5 * max(drift[rule][: s + 1]), 1e-5) for s in range(len(steps))], "initial_grads": grads, "final_parameters": finals}
        outputs.update({f"{rule}_adamw.final.{k}": last[k] for k in chosen})
        outputs.update({"grad1." + k: first[k] for k in chosen})
    set_.case(name, "five steps", i, outputs, expected=expected, weights={"file": f"../weights/{weight}.safetensors", "prefix": ""}, config=config)


def check(name, m, i, tensors):
    """Metrics and resized embeddings of another set: (what, ours, theirs, tolerance)."""
    found, e = [], m.get("expected", {})
    number = lambda x: torch.tensor(float(x), dtype=torch.float64)
    same = lambda what, ours, theirs: [(f"{what} {k}", number(ours[k]), number(v), 1e-9) for k, v in theirs.items()]
    if name.startswith("05_retrieval_metrics"):
        for k, v in e.items():
            mask = i[v["query_masks"][3:]].numpy() if "query_masks" in v else None
            found += same(k + " t2v", ref.t2v(i[k].numpy(), mask), v["t2v"]) + same(k + " v2t", ref.v2t(i[k].numpy(), mask), v["v2t"])
    elif name.startswith("05_cols2metrics"):
        for k, v in e.items():
            found += same(k, ref.cols2metrics([float(x) for x in v["cols"]], v["num_queries"]), v["metrics"])
    elif name.startswith("07_temporal_inflation"):
        found += [(k, resized(i[k.rsplit("_", 1)[0]], v["model_frames"], v["fix"]), tensors["out." + k], 1e-6) for k, v in e["cases"].items()]
    elif name.startswith("06_frame_sampling"):
        for row in e["table"]:
            found.append((f"{row['num_frames']} of {row['available']}", torch.tensor(uniform(row["available"], row["num_frames"])[0]), torch.tensor(row["uniform"]), 0))
    return found
