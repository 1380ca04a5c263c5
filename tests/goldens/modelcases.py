"""What each kind of case computes: (inputs, weights, architecture, config) to outputs and expected values. See make_model_set.py."""
import math

import torch
import torch.nn.functional as F

import reference as ref


def cast(x, dtype):
    """Floating tensors of a dictionary in another precision; masks that are float64 already stay so."""
    return {k: v.to(dtype) if v.is_floating_point() and v.dtype != torch.float64 else v for k, v in x.items()}


def noisy(x):
    """The same numbers with noise in their last bit; masks as they are."""
    return {k: v if not v.is_floating_point() or k.endswith("mask") else v * (1 + 6e-8 * torch.randn_like(v)) for k, v in x.items()}


def text_encoder(i, w, arch, config):
    states = ref.text_encoder(w, arch["text"], i["input_ids"], i["attention_mask"])
    out = {"embeddings": states[0], **{f"layer_{n}": h for n, h in enumerate(states[1:])}, "last_hidden_state": states[-1]}
    out["txt_proj"] = ref.linear(w, "txt_proj.1", states[-1].relu())
    out["single.last_hidden_state"] = ref.text_encoder(w, arch["text"], i["single.input_ids"], i["single.attention_mask"])[-1]
    return out, None


def object_encoder(i, w, arch, config):
    p = "object_model." if any(k.startswith("object_model.") for k in w) else ""
    run = lambda x, m: ref.object_encoder(w, arch["object"], x, m, p)
    tokens, blocks, y, mask = run(i["x"], i["x_mask"])
    out = {"tokens_in": tokens, **{f"block_{n}": b for n, b in enumerate(blocks)}, "y": y, "mask": mask}
    for name, x, m in (("b1", i["x"][:1], i["x_mask"][:1]), ("nomask", i["x"], torch.ones_like(i["x_mask"])), ("short", i.get("short.x"), i.get("short.x_mask"))):
        if x is not None:
            _, _, out[name + ".y"], out[name + ".mask"] = run(x, m)
    return out, None


def retrieval(i, w, arch, config):
    names = ("global_text_embeddings", "local_text_embeddings", "global_object_embeddings", "local_object_embeddings", "object_mask")
    out = dict(zip(names, ref.relation(w, arch, i)))
    out["global_sim"] = ref.cosines(out["global_text_embeddings"], out["global_object_embeddings"])
    return out, None


def question(i, w, arch, config):
    return ref.answers(w, arch, i), None


def similarities(i, w, arch, config, margins=None):
    gt, lt, gv, lv, m = ref.relation(w, arch, i)
    local = ref.rwa(lv, m, lt, ref.word_mask(i["attention_mask"], lt), config.get("lambda_softmax", 20), config.get("focal_type", "equal"), margins)
    return ref.cosines(gt, gv), local


def multiple_choice(i, w, arch, config):
    out, expected, margins = {}, {k: {} for k in ("predicted_option", "prediction_from_local_only", "prediction_if_global_were_used_properly")}, []
    for q in sorted({k.split(".")[0] for k in i}):
        options = i[q + ".input_ids"].shape[0]
        one = {k: i[f"{q}.{k}"] for k in ("input_ids", "attention_mask")}
        one.update({k: i[f"{q}.{k}"].expand(options, *[-1] * (i[f"{q}.{k}"].dim() - 1)) for k in ("object", "object_mask")})
        g, s = similarities(one, w, arch, config, margins)
        out[q + ".global_sim"], out[q + ".local_sim"], out[q + ".score_row0"] = g, s, (g + s)[0]
        expected["predicted_option"][q] = (g + s)[0].argmax().item()
        expected["prediction_from_local_only"][q] = s[0].argmax().item()
        expected["prediction_if_global_were_used_properly"][q] = (g[:, 0] + s[0]).argmax().item()
    expected["focal_threshold_margin"] = min(margins) if margins else None
    return out, expected


def norm_softmax(i, w, arch, config):
    out = {}
    for p, x in (("", "x"), ("t05.", "x"), ("rect.", "rect.x")):
        x = i[x].clone().requires_grad_()
        loss = ref.norm_softmax(x, config.get(p + "temperature", config["temperature"]))
        loss.backward()
        out[p + "loss"], out[p + "grad_x"] = loss.detach(), x.grad
    return out, None


def max_margin(i, w, arch, config):
    out = {}
    for p, c in config.items():
        x = i["x"].clone().requires_grad_()
        loss = ref.max_margin(x, c["margin"], c["fix_norm"])
        loss.backward()
        out[p + "loss"], out[p + "grad_x"] = loss.detach(), x.grad
    return out, None


def alignment(i, w, arch, config):
    im, s, imm, sm, lam, focal = i["im"], i["s"], i["im_mask"], i["s_mask"], config["lambda_softmax"], config["focal_type"]
    margins = []
    out = {"sim": ref.rwa(im, imm, s, sm, lam, focal, margins), "sim_mask64": ref.rwa(im, imm.double(), s, sm, lam, focal, margins).to(im.dtype)}
    out["sim_nocapmask_lambda9"] = ref.rwa(im, imm, s, None, 9, focal, margins)
    out["ctx_word_to_region"] = ref.contexts(s, sm, im, imm, lam, focal).transpose(0, 1).contiguous()
    out["ctx_region_to_word"] = ref.contexts(im, imm, s, sm, lam, focal).transpose(0, 1).contiguous()
    return out, {"focal_threshold_margin": min(margins) if margins else None}


def segments(i, w, arch, config):
    margins = []
    full = ref.rwa(i["im"], i["im_mask"], i["s"], i["s_mask"], margins=margins)
    return {"sim_full": full, "sim_segment8": full.double(), "sim_segment3": full.double()}, {"focal_threshold_margin": min(margins)}


def edges(i, w, arch, config):
    im, s, margins = i["im"], i["s"], []
    z, zw = torch.zeros(im.shape[:2], dtype=im.dtype), torch.zeros(s.shape[:2], dtype=s.dtype)
    sim = lambda a, am, b, bm: ref.rwa(a, am, b, bm, margins=margins)
    masked, words = z.clone(), zw.clone()
    masked[1], words[2, 1:] = -100, -100
    out = {"unmasked": sim(im, z, s, zw), "one_video": sim(im[:1], z[:1], s, zw)[0], "one_caption": sim(im, z, s[:1], zw[:1])[:, 0],
           "one_one": sim(im[:1], z[:1], s[:1], zw[:1])[0, 0], "video1_all_masked": sim(im, masked, s, zw), "caption2_one_word": sim(im, z, s, words)}
    for name, suffix in (("pad8", ""), ("pad14", "_padded14")):
        pair = {"object": i["pad.object"], "object_mask": i["pad.object_mask"], **{k: i[f"pad.{k}{suffix}"] for k in ("input_ids", "attention_mask")}}
        out[name + ".global_sim"], out[name + ".local_sim"] = similarities(pair, w, arch, config, margins)
    observed = {f"max_change_of_{p}_sim_by_padding": (out[f"pad8.{p}_sim"] - out[f"pad14.{p}_sim"]).abs().max().item() for p in ("local", "global")}
    return out, {"observed": observed, "focal_threshold_margin": min(margins)}


def losses(i, w, arch, config):
    lam, focal, t, margins = config["lambda_softmax"], config["focal_type"], config["temperature"], []
    out = {"rwa.scores": ref.rwa(i["im"], i["im_mask"], i["s"], i["s_mask"], lam, focal, margins)}
    z, zw = torch.zeros_like(i["im_mask"]), torch.zeros_like(i["s_mask"])
    for p, imm, sm in (("rwa.", i["im_mask"], i["s_mask"]), ("rwa_mask64.", i["im_mask"].double(), i["s_mask"]), ("rwa_nomask.", z, zw)):
        im, s = i["im"].clone().requires_grad_(), i["s"].clone().requires_grad_()
        loss = ref.rwa_loss(ref.rwa(im, imm, s, sm, lam, focal, margins), lam)
        loss.backward()
        out.update({p + "loss": loss.detach(), p + "grad_im": im.grad, p + "grad_s": s.grad})
    for local, glob in ((1, 1), (1, 0), (0, 1)):
        g, im, s = (i[k].clone().requires_grad_() for k in ("global_sim", "im", "s"))
        total, a, b = ref.global_local(g, lambda: ref.rwa(im, i["im_mask"], s, i["s_mask"], lam, focal), t, lam, local, glob)
        total.backward()
        p = f"gl_local{local}_global{glob}."
        out.update({p + "loss": total.detach(), p + "global_loss": a.detach(), p + "local_loss": b.detach()})
        out.update({f"{p}grad_{n}": x.grad if x.grad is not None else torch.zeros_like(x) for n, x in (("global_sim", g), ("im", im), ("s", s))})
    return out, {"focal_threshold_margin": min(margins) if margins else None}


def evaluation(i, w, arch, config):
    batch, parts, margins = config["batch"], [], []
    g, s = similarities(i, w, arch, config, margins)
    for at in range(0, g.shape[0], batch):
        part = {k: v[at: at + batch] for k, v in i.items()}
        pg, ps = similarities(part, w, arch, config)
        parts.append(ref.global_local(pg, lambda: ps, 0.05, 20)[0].item())
    bug, right = g.double() + s.double(), g.double() + s.double().t()
    metrics = lambda x: {"t2v": ref.t2v(x.numpy()), "v2t": ref.v2t(x.numpy())}
    expected = {"val_loss": sum(parts) / len(parts), "metrics": {k + "_metrics": v for k, v in metrics(bug).items()},
                "metrics_if_orientation_were_consistent": metrics(right), "focal_threshold_margin": min(margins)}
    return {"global_sim": g, "local_sim": s, "sims_reference": bug, "sims_consistent": right}, expected


def adamw(i, w, arch, config):
    out = {}
    for run, c in config.items():
        p, state = {"p": i["p0"].clone()}, {}
        for step in range(sum(k.startswith("g") for k in i)):
            ref.adamw(p, {"p": i[f"g{step}"]}, state, c["lr"], run.split("_")[0], c["eps"], c["weight_decay"])
            out[f"{run}.p{step + 1}"] = p["p"].clone()
    return out, None


def train(i, w, arch, config, run):
    """Five steps: losses and norms of each, gradients of the first, parameters after the last."""
    params = {k: v.clone() for k, v in w.items()}
    state, steps, first = {}, [], None
    for _ in range(config["steps"]):
        leaves = {k: v.clone().requires_grad_() for k, v in params.items()}
        if "label" in i:
            logits = ref.answers(leaves, arch, i)["logits"]
            total = F.cross_entropy(logits, i["label"])
            values = {"loss": total, "correct": (logits.argmax(1) == i["label"]).sum()}
        else:
            gt, lt, gv, lv, m = ref.relation(leaves, arch, i)
            scores = lambda: ref.rwa(lv, m, lt, ref.word_mask(i["attention_mask"], lt), config["lambda_softmax"], config["focal_type"])
            total, glob, local = ref.global_local(ref.cosines(gt, gv), scores, config["temperature"], config["lambda_softmax"])
            values = {"loss": total, "global_loss": glob, "local_loss": local}
        total.backward()
        grads = {k: v.grad for k, v in leaves.items()}
        norm = math.sqrt(sum(g.double().pow(2).sum().item() for g in grads.values() if g is not None))
        steps.append({**{k: v.item() for k, v in values.items()}, "grad_norm": norm})
        first = first or grads
        with torch.no_grad():
            ref.adamw(params, grads, state, config["lr"], run, 1e-6 if run == "hf" else 1e-8)
    return steps, first, params


COMPUTE = {
    "01_text_encoder": text_encoder, "02_object": object_encoder, "03_retrieval": retrieval, "03_qa": question, "03_multiple_choice": multiple_choice,
    "04_norm_softmax": norm_softmax, "04_max_margin": max_margin, "04_xattn_sim": alignment, "04_sim_by_segment": segments, "04_rwa_edge_cases": edges,
    "04_rwa_global_local": losses, "08_adamw": adamw, "09_eval_retrieval": evaluation,
}
