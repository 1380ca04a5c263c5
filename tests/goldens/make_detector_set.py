#!/usr/bin/env python3
"""Golden sets of the detector with other widths, depths, anchors, class counts and picture orientation than the committed one, from an independent
implementation of the specification.

    make_detector_set.py --check tests/goldens/detector     does detectorreference.py give what a set holds?
    make_detector_set.py --out /tmp/set --seed 7            writes /tmp/set/detector; then: DEMOVLP_GOLDENS=/tmp/set tests/run.sh parity

Needs PyTorch 1.13 or later and numpy (Debian: python3-torch, python3-numpy).
"""
import argparse
import json
import os
import struct
import zlib
from collections import OrderedDict

import numpy as np
import torch

import detectorreference as ref
from goldenfiles import load, save

torch.set_num_threads(1)
torch.set_grad_enabled(False)
DTYPES = {torch.float32: "float32", torch.float64: "float64", torch.int64: "int64", torch.uint8: "uint8"}
NOTES = [
    "float tensors: compare with atol = 1e-4*max(1,max_abs), rtol = 1e-4 (end to end); 1e-5 stage by stage",
    "integer tensors must match exactly; the weights were drawn so that 12 random 2e-5 relative perturbations of res4 change no discrete result",
    "rpn.pre_nms_index: exact only when computed from the golden rpn.fg_prob_flat/rpn.deltas_flat; end to end compare 'proposals'",
    "select.keep.*: only the first ordered_prefix entries are in a defined order (later ones have max_conf exactly 0: compare as a set)",
    "weights.pth = zip torch.save, weights_legacy.pth = pre-1.6 stream torch.save, both {'model': OrderedDict}",
]


def shape(r, seed):
    """Sizes that differ from each other and from the committed set's; pictures are upright for odd seeds."""
    pick = lambda *values: values[int(r.integers(len(values)))]
    number = lambda low, high: int(r.integers(low, high))
    blocks = [number(1, 4), number(1, 4), number(1, 5), number(1, 4)]
    blocks[number(0, 4)] = number(10, 13)  # Two-digit block numbers.
    c = {"name": f"tiny-{seed}", "stem_out": pick(5, 6, 10, 12), "res2_out": pick(10, 12, 18, 20), "res2_mid": pick(3, 5, 6), "blocks": blocks, "rpn_hidden": number(10, 30),
         "anchor_base": 16, "anchor_scales": pick([4, 8, 16, 32], [3, 6, 12, 24], [4, 8, 16]), "anchor_ratios": [0.5, 1.0, 2.0], "stride": 16,
         "pre_nms_topk": number(250, 500), "post_nms_topk": number(30, 60), "rpn_nms": 0.7, "min_size": 16.0, "pool": 14, "res5_dilation": 2,
         "num_classes": number(6, 40), "num_attrs": number(4, 20), "embed_dim": number(4, 12), "attr_hidden": number(9, 25), "pixel_mean": [102.9801, 115.9465, 122.7717],
         "short_side": number(120, 200), "cls_nms": 0.3, "min_boxes": number(4, 9), "max_boxes": number(15, 25), "conf_thresh": 0.2}
    c["long_side"] = c["short_side"] + number(20, 110)
    sides = sorted((number(60, 120), number(60, 180)))
    return c, (sides[1], sides[0]) if seed % 2 else (sides[0], sides[1])


def draw(c, picture, counters):
    """Random weights of a plausible scale under the published keys. The heads' outputs are centred on what this picture gives, or everything would look alike."""
    w = OrderedDict()

    def conv(key, i, o, k=1, gain=1.0):
        w[key + ".weight"] = gain * torch.randn(o, i, k, k) * (2 / (i * k * k)) ** 0.5
        n = key + ".norm."
        w[n + "weight"], w[n + "bias"] = 0.5 + 0.6 * torch.rand(o), 0.25 * torch.randn(o)
        w[n + "running_mean"], w[n + "running_var"] = 0.3 * torch.randn(o), 0.4 + 1.2 * torch.rand(o)
        if counters and ("res4" in key or "res5" in key):
            w[n + "num_batches_tracked"] = torch.tensor(1000)

    def stage(prefix, blocks, i, mid, o):
        for b in range(blocks):
            k = f"{prefix}.{b}."
            if b == 0:
                conv(k + "shortcut", i, o)
            conv(k + "conv1", i if b == 0 else o, mid)
            conv(k + "conv2", mid, mid, 3)
            conv(k + "conv3", mid, o)

    def linear(key, i, o, k=None):
        w[key + ".weight"], w[key + ".bias"] = torch.randn(*((o, i) if k is None else (o, i, k, k))) * (2 / (i * (k or 1) ** 2)) ** 0.5, 0.1 * torch.randn(o)

    def centre(key, outputs, spread):
        """outputs [many, o] of the layer: from now on each has this spread around a small number."""
        mean, deviation = outputs.mean(0), outputs.std(0).clamp(min=1e-3)
        w[key + ".weight"] *= (spread / deviation).view(-1, *[1] * (w[key + ".weight"].dim() - 1))
        w[key + ".bias"] = (w[key + ".bias"] - mean) * spread / deviation + 0.3 * spread * torch.randn(len(mean))

    mid, width = c["res2_mid"], c["res2_out"]
    conv("backbone.stem.conv1", 3, c["stem_out"], 7, 1 / 60)
    for n, name in enumerate(("res2", "res3", "res4")):
        stage("backbone." + name, c["blocks"][n], c["stem_out"] if n == 0 else width << (n - 1), mid << n, width << n)
    channels, features, cells = width * 4, width * 8, ref.cell_anchors(c)
    w["proposal_generator.anchor_generator.cell_anchors.0"] = cells
    rpn, box = "proposal_generator.rpn_head.", "roi_heads.box_predictor."
    linear(rpn + "conv", channels, c["rpn_hidden"], 3)
    linear(rpn + "objectness_logits", c["rpn_hidden"], 2 * len(cells), 1)
    linear(rpn + "anchor_deltas", c["rpn_hidden"], 4 * len(cells), 1)
    stage("roi_heads.res5", c["blocks"][3], channels, mid * 8, features)
    for name, i, o in (("cls_score", features, c["num_classes"]), ("bbox_pred", features, 4 * c["num_classes"]), ("cls_embed", 0, 0),
                       ("attr_linear1", features + c["embed_dim"], c["attr_hidden"]), ("attr_linear2", c["attr_hidden"], c["num_attrs"])):
        if name == "cls_embed":
            w[box + "cls_embed.weight"] = torch.randn(c["num_classes"], c["embed_dim"])
        else:
            linear(box + name, i, o)

    s, height, width = ref.output_size(*picture.shape[:2], c["short_side"], c["long_side"])
    blob = prepare(c, picture)
    res4 = ref.backbone(w, c, blob)["res4"]
    flat = lambda x: x[0].flatten(1).t()
    seen = ref.proposals(w, c, res4, height, width, s)
    centre(rpn + "objectness_logits", flat(seen["rpn.objectness_logits"]), 1.5)
    centre(rpn + "anchor_deltas", flat(seen["rpn.anchor_deltas"]), 0.15)
    seen = ref.described(w, c, res4, ref.proposals(w, c, res4, height, width, s)["proposals"])
    centre(box + "cls_score", seen["cls_logits"], 2.0)
    centre(box + "bbox_pred", seen["bbox_deltas"], 0.2)
    z = torch.cat([seen["features"], w[box + "cls_embed.weight"][ref.predict(w, seen["features"])["cls_argmax"]]], 1)
    centre(box + "attr_linear1", torch.nn.functional.linear(z, w[box + "attr_linear1.weight"], w[box + "attr_linear1.bias"]), 1.0)
    centre(box + "attr_linear2", ref.predict(w, seen["features"])["attr_logits"], 1.5)
    return w


def prepare(c, picture):
    s, height, width = ref.output_size(*picture.shape[:2], c["short_side"], c["long_side"])
    f = (picture.astype(np.float64) - np.array(c["pixel_mean"])).astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(ref.resize(f, s, height, width).transpose(2, 0, 1))).unsqueeze(0)


def scene(r, height, width):
    """Rectangles and discs on a gradient, with noise: uint8 [H, W, 3]."""
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], 2)
    for _ in range(9):
        cx, cy, size = r.integers(width), r.integers(height), r.integers(6, 40)
        inside = ((x - cx) ** 2 + (y - cy) ** 2 < size ** 2) if r.random() < 0.5 else ((abs(x - cx) < size) & (abs(y - cy) < size * r.uniform(0.4, 1)))
        picture[inside] = r.integers(0, 256, 3)
    return (picture + r.normal(0, 6, picture.shape)).clip(0, 255).astype(np.uint8)


def small_inputs(r):
    u = {"unit.decode.boxes": torch.tensor([[0, 0, 15, 15], [10, 20, 73, 51], [-8, 4, 100, 300], [5, 5, 5, 5], [3, 60, 19, 61]], dtype=torch.float32)}
    deltas = torch.from_numpy(r.normal(0, 1, (5, 12)).astype(np.float32))
    deltas[0, 2], deltas[1, 7], deltas[2, 6], deltas[3, 11] = 9, 4.2, 4.1352, 50
    u["unit.decode.deltas"] = deltas
    # Pairs whose overlap is a threshold exactly, equal boxes, boxes of one pixel; then random ones.
    at = float(r.integers(0, 40))
    hand = [[0, 0, 9, 4], [0, 0, 9, 9], [at, 20, at + 9, 29], [at + 5, 20, at + 14, 29], [100, 100, 100, 100], [100, 100, 101, 100], [0, 0, 9, 9]]
    corner = r.uniform(0, 60, (12, 2))
    boxes = np.concatenate([hand, np.concatenate([corner, corner + r.uniform(5, 50, (12, 2))], 1)]).astype(np.float32)
    u["unit.nms.boxes"], u["unit.nms.scores"] = torch.from_numpy(boxes), torch.from_numpy(((r.permutation(len(boxes)) + 1) / len(boxes)).astype(np.float32))
    for n, s in enumerate((160 / 37, 10 / 9, 0.75, 0.5, 1.0, float(r.uniform(0.4, 3)), float(r.uniform(0.4, 3)))):
        size = [2 * int(v) for v in r.integers(6, 30, 2)] if s in (0.5, 1.0) else [int(v) for v in r.integers(9, 60, 2)]
        u[f"unit.resize{n}.in_hwc"] = torch.from_numpy((r.integers(0, 256, (*size, 3)) - 103.5).astype(np.float32))
        u[f"unit.resize{n}.scale"] = torch.tensor([s], dtype=torch.float64)
    height, width = int(r.integers(15, 30)), int(r.integers(15, 40))
    u["unit.roipool.map"] = torch.from_numpy(r.normal(0, 1, (1, 2, height, width)).astype(np.float32))
    corner = r.uniform(-40, 300, (20, 2))
    around = np.concatenate([corner, corner + r.uniform(0, 260, (20, 2)) * (r.random((20, 2)) > 0.15)], 1).astype(np.float32)
    u["unit.roipool.boxes"] = torch.from_numpy(np.concatenate([around, [[0, 0, 0, 0], [3.7, 2.1, 19.7, 18.1]]]).astype(np.float32))
    # Extents of 57, 62, 114, 121 and 124 cells: in float32 some of their bins are a cell larger than in exact arithmetic.
    u["unit.roipool_wide.map"] = torch.from_numpy(r.normal(0, 1, (1, 1, 4, 126)).astype(np.float32))
    u["unit.roipool_wide.boxes"] = torch.tensor([[16.0 * k, 0, 16.0 * (k + extent - 1), 48] for k, extent in enumerate((57, 62, 114, 121, 124))] + [[40, 8, 56, 40]])
    u["unit.roialign.map"], u["unit.roialign.boxes"] = u["unit.roipool.map"], torch.from_numpy(around)
    return u


def chosen(r, height, width):
    """Boxes in pixels of the network's input: all of it, beyond its edges, thin, tiny, in the middle."""
    boxes = [[0, 0, width - 1, height - 1], [17.3, 22.9, 93.6, 101.2], [50, 50, 53, 53], [40, 8, 104, 72], [width - 40, height - 30, width + 50, height + 60], [-45.3, -20.7, 60, 50],
             [width + 100, height + 100, width + 150, height + 140], [30, 71.5, 120, 72.5]]
    corner = r.uniform(0, 0.6, (3, 2)) * (width, height)
    return torch.tensor(np.concatenate([boxes, np.concatenate([corner, corner + r.uniform(10, 100, (3, 2))], 1)]).astype(np.float32))


def stable(c, w, res4, plan, variants, given, right):
    """Whether noise on the res4 map leaves every choice and every rounding as it is."""
    s, height, width = plan
    for _ in range(12):
        other = ref.extract(w, c, res4 * (1 + 2e-5 * torch.randn_like(res4)), height, width, s, variants, given)
        for name, t in right.items():
            if name in ("rpn.pre_nms_index", "rpn.pre_nms_boxes", "rpn.pre_nms_scores", "rpn.nms_keep") or name not in other:
                continue
            if name.startswith("select.keep."):
                n = variants[name[12:]]["ordered_prefix"]
                same = t.shape == other[name].shape and torch.equal(t[:n], other[name][:n])
            elif name == "bboxes_mode.keep":
                n = int((right["bboxes_mode.max_conf"][t] > 0).sum())
                same = t.shape == other[name].shape and torch.equal(t[:n], other[name][:n])
            elif t.dtype in (torch.int64, torch.uint8):
                same = torch.equal(t, other[name])
            else:
                same = t.shape == other[name].shape and (t - other[name]).abs().max() <= 2e-3 * max(1, t.abs().max())
            if not same:
                return False
    return True


def selection(c, confidence):
    """Settings of the selection beside the usual ones, with how much of each result is in a defined order."""
    some, n = int((confidence > 0).sum()), len(confidence)
    seen = int((confidence >= 0.2).sum())
    variants = {"min_fill": (max(min(some - 2, n), seen + 1), 100, 0.2), "fixed_k": (12, 12, 0.2), "cap": (1, max(2, min(5, seen - 1)), 0.2), "thr04": (1, 100, 0.4), "more_than_available": (500, 500, 0.2)}
    return {k: {"min_boxes": a, "max_boxes": b, "conf_thresh": t, "ordered_prefix": min(some, len(ref.keep(confidence, a, b, t)))} for k, (a, b, t) in variants.items()}


def write(folder, seed):
    torch.manual_seed(seed)
    r = np.random.default_rng(seed)
    c, (height, width) = shape(r, seed)
    for attempt in range(100):
        picture = scene(r, height, width)
        w = draw(c, picture, counters=seed % 3 == 0)
        plan = ref.output_size(height, width, c["short_side"], c["long_side"])
        blob = prepare(c, picture)
        maps = ref.backbone(w, c, blob)
        corner = r.uniform(0, 0.5, (3, 2)) * (width, height)
        given = torch.tensor(np.concatenate([corner, corner + r.uniform(10, min(height, width) / 2, (3, 2))], 1).astype(np.float32))
        first = ref.extract(w, c, maps["res4"], *plan[1:], plan[0], {}, given)
        variants = selection(c, first["select.max_conf"])
        g = ref.extract(w, c, maps["res4"], *plan[1:], plan[0], variants, given)
        if (g["select.max_conf"] >= 0.2).sum() >= 2 and stable(c, w, maps["res4"], plan, variants, given, g):
            break
    else:
        raise SystemExit(f"seed {seed}: no weights whose results stay when res4 is disturbed")
    goldens = {"image_bgr_u8": torch.from_numpy(picture), "im_scale": torch.tensor([plan[0]], dtype=torch.float64), "input_blob": blob,
               **{f"backbone.{k}": v for k, v in maps.items()}, **g, **ref.fixed(w, c, maps["res4"], chosen(r, *plan[1:]))}
    unit = small_inputs(r)
    unit.update(ref.units(unit))
    keep(os.path.join(folder, "detector"), seed, c, w, goldens, unit, variants, picture)
    print(f"{len(goldens) + len(unit)} tensors in {folder}/detector after {attempt + 1} draws: {width} x {height} pixels, {len(g['proposals'])} proposals, {len(g['select.keep'])} regions, {json.dumps(c)}")


def keep(folder, seed, c, w, goldens, unit, variants, picture):
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)
    save(path("weights.safetensors"), w)
    torch.save({"model": w}, path("weights.pth"))
    torch.save({"model": w}, path("weights_legacy.pth"), _use_new_zipfile_serialization=False)
    save(path("goldens.safetensors"), goldens)
    save(path("unit.safetensors"), unit)
    write_png(path("image.png"), picture)
    out, n = {k[4:]: v.numpy() for k, v in goldens.items() if k.startswith("out.")}, len(goldens["out.x"])
    info = {"image_id": "image", "image_h": picture.shape[0], "image_w": picture.shape[1], "num_boxes": n, **{k: out[k] for k in ("objects_id", "objects_conf", "attrs_id", "attrs_conf")}}
    np.savez_compressed(path("expected.npz"), x=out["x"], bbox=out["bbox"], num_bbox=n, image_h=picture.shape[0], image_w=picture.shape[1], info=info)
    files = {name: os.path.getsize(path(name)) for name in sorted(os.listdir(folder)) if name != "manifest.json"}
    entry = lambda name, t: {"name": name, "shape": list(t.shape), "dtype": DTYPES[t.dtype]}
    tensors = [{"file": file, **entry(k, t), "max_abs": float(t.abs().max())} for file, some in (("goldens.safetensors", goldens), ("unit.safetensors", unit)) for k, t in some.items()]
    manifest = {"set": f"made with seed {seed}", "seed": seed, "config": c, "notes": NOTES, "selection_variants": variants, "files": files,
                "weights": [entry(k, t) for k, t in w.items()], "tensors": tensors}
    with open(path("manifest.json"), "w") as f:
        json.dump(manifest, f, indent=1)


def write_png(path, bgr):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(bgr[:, :, ::-1]))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", bgr.shape[1], bgr.shape[0], 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def check(folder):
    """Compares what detectorreference.py computes from a set's picture, weights and small inputs with what the set holds."""
    with open(os.path.join(folder, "manifest.json")) as f:
        m = json.load(f)
    c, w = m["config"], load(os.path.join(folder, "weights.safetensors"))
    g, u = load(os.path.join(folder, "goldens.safetensors")), load(os.path.join(folder, "unit.safetensors"))
    picture = g["image_bgr_u8"].numpy()
    plan, blob = ref.output_size(*picture.shape[:2], c["short_side"], c["long_side"]), prepare(c, picture)
    maps = ref.backbone(w, c, blob)
    ours = {"image_bgr_u8": g["image_bgr_u8"], "im_scale": torch.tensor([plan[0]], dtype=torch.float64), "input_blob": blob, **{f"backbone.{k}": v for k, v in maps.items()},
            **ref.extract(w, c, maps["res4"], *plan[1:], plan[0], m["selection_variants"], g["bbox_feats_mode.given_boxes"]), **ref.fixed(w, c, maps["res4"], g["fixed.boxes"]), **u, **ref.units(u)}
    faults = []
    for name, t in {**g, **u}.items():
        o = ours.get(name)
        if o is None or o.shape != t.shape:
            faults.append(f"{name}: {'not computed' if o is None else f'{list(o.shape)} instead of {list(t.shape)}'}")
        elif name in ("rpn.pre_nms_index", "rpn.pre_nms_boxes", "rpn.nms_keep"):
            continue  # Neighbouring scores may change places; the proposals are compared.
        elif t.is_floating_point():
            excess = ((o - t).abs() - 1e-4 * max(1, t.abs().max().item()) - 1e-4 * t.abs()).max().item()
            if excess > 0:
                faults.append(f"{name}: {excess} more than allowed")
        elif name.startswith("select.keep.") or name == "bboxes_mode.keep":
            n = m["selection_variants"][name[12:]]["ordered_prefix"] if name[12:] in m["selection_variants"] else int((g["bboxes_mode.max_conf"][t] > 0).sum())
            if not torch.equal(o[:n], t[:n]):
                faults.append(f"{name}: other boxes")
        elif not torch.equal(o, t):
            faults.append(f"{name}: {int((o != t).sum())} entries differ")
    print("\n".join(faults + [f"{len(g) + len(u)} compared, {len(faults)} differ"]))
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
