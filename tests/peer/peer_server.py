"""Answers questions with the real AIC engine: JSON lines in, JSON lines out.

A question is {"id": 1, "engine": {...}, "ask": {"kind": ..., ...}}, its answer
{"id": 1, "ok": {...}} or {"id": 1, "error": "<exception class>", "message": "..."}.
peer.ts holds the types of both. Answers come in the order of the questions.
"""

import atexit
import json
import logging
import os
import shutil
import sys
import tempfile
from collections import OrderedDict
from functools import cache
from importlib import resources

logging.disable(logging.CRITICAL)
PIPE = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # whatever a library prints must not end up between the answers

from aiconfigurator.sdk.moe_comm_resolver import resolve_model_config_moe_comm  # noqa: E402
from aiconfigurator_core.sdk import common  # noqa: E402
from aiconfigurator_core.sdk import memory as kv_memory  # noqa: E402
from aiconfigurator_core.sdk.backends.factory import get_backend  # noqa: E402
from aiconfigurator_core.sdk.config import RuntimeConfig  # noqa: E402
from aiconfigurator_core.sdk.config_builders import apply_nextn, build_model_config  # noqa: E402
from aiconfigurator_core.sdk.models import get_model, helpers  # noqa: E402
from aiconfigurator_core.sdk.models.helpers import (  # noqa: E402
    check_is_moe,
    resolve_context_fmha_by_data,
    resolve_nvfp4_for_system,
)
from aiconfigurator_core.sdk.perf_database import get_database_view  # noqa: E402
from aiconfigurator_core.sdk.rust_engine_step import _cached_engine_handle  # noqa: E402

MOST_ENGINES = 96
# Versions outside of the package's slots are asked too.
os.environ.setdefault("AIC_ALLOW_UNLISTED_VERSIONS", "1")


@cache
def model_path(name):
    """A name that the package loads itself, or a folder with the configuration that it ships."""
    if name in common.DefaultHFModels:
        return name
    configs = resources.files("aiconfigurator_core") / "model_configs"
    folder = tempfile.mkdtemp(prefix="wattkeeper-peer-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for file in ("config.json", "hf_quant_config.json"):
        source = configs / f"{name.replace('/', '--')}_{file}"
        if source.is_file():
            with open(f"{folder}/{file}", "w") as target:
                target.write(source.read_text())
    return folder


def know_families():
    """Lets a path end in #FAMILY: no architecture maps to GPT, so it is reached by putting its name in place of one."""
    original = helpers._get_model_info

    @cache
    def info_of(path):
        path, _, family = path.partition("#")
        info = original(path)
        return {**info, "architecture": family} if family else info

    for module in list(sys.modules.values()):
        if getattr(module, "_get_model_info", None) is original:
            module._get_model_info = info_of


know_families()


class Case:
    """One built engine: database view, model graph, compiled handle."""

    def __init__(self, spec):
        family = spec.get("family")
        spec = {**spec, "model": model_path(spec["model"]) + (f"#{family}" if family else "")}
        self.spec = spec
        layout = spec["layout"]
        quant = spec.get("quant") or {}
        self.database = get_database_view(
            spec["system"],
            spec["backend"],
            spec["version"],
            systems_paths=spec.get("systems_path"),
            database_mode=spec.get("mode", "SILICON"),
            transfer_policy=spec.get("policy"),
            allow_unlisted_version=True,
        )
        if self.database is None:
            raise LookupError(f"no database for {spec['system']} {spec['backend']} {spec['version']}")
        config = build_model_config(
            layout["tp"],
            layout["pp"],
            layout["dp"],
            layout["moe_tp"],
            layout["moe_ep"],
            gemm_quant_mode=quant.get("gemm"),
            moe_quant_mode=quant.get("moe"),
            kvcache_quant_mode=quant.get("kv"),
            fmha_quant_mode=quant.get("fmha"),
        )
        config.cp_size = layout.get("cp", 1)
        apply_nextn(config, spec.get("nextn", 0))
        if not spec.get("direct"):
            self._prepare_like_an_estimate(config, quant)
        self.model = get_model(spec["model"], config, spec["backend"])
        self.backend = get_backend(spec["backend"])
        self.handle = _cached_engine_handle(self.model, self.database)

    def _prepare_like_an_estimate(self, config, quant):
        spec = self.spec
        name = spec["model"]
        generation_only = bool(spec.get("generation_only"))
        if check_is_moe(name):
            config.resolve_moe_parallelism()
            resolve_model_config_moe_comm(
                config,
                model_path=name,
                backend_name=spec["backend"],
                database=self.database,
                required_phases=("context", "generation"),
                fmha_quant_mode_explicit=quant.get("fmha") is not None,
                kvcache_quant_mode_explicit=quant.get("kv") is not None,
            )
        if config.moe_comm_backend is None:
            resolve_context_fmha_by_data(
                config, name, self.database, spec["backend"], is_context_role=not generation_only
            )
        resolve_nvfp4_for_system(config, spec["system"], name, backend_name=spec["backend"])


def phase(operators):
    """Sums of one phase, and its operators as the engine folded them."""
    return {
        "ms": sum(op[1] for op in operators),
        "wms": sum(op[2] for op in operators),
        "operators": [list(op[:4]) for op in operators],
    }


def ask_static(case, ask):
    context, generation = case.handle.run_static_per_op(
        batch_size=ask["batch"],
        isl=ask["isl"],
        osl=ask["osl"],
        prefix=ask.get("prefix", 0),
        mode=ask.get("mode", "static"),
        stride=ask.get("stride", 32),
    )
    return {"context": phase(context), "generation": phase(generation)}


def ask_mixed(case, ask):
    parts = case.handle.mixed_step_breakdown_per_op(
        ask["ctx"], ask["gen"], ask["isl"], ask["osl"], ask.get("prefix", 0)
    )
    return {name: phase(part) for name, part in zip(("shared", "context_attention", "decode_attention"), parts)}


def ask_generation_step(case, ask):
    return phase(case.handle.decode_step_per_op(ask["gen"], ask["isl"], ask["osl"]))


def runtime_of(ask):
    return RuntimeConfig(batch_size=ask["batch"], isl=ask["isl"], osl=ask["osl"], prefix=ask.get("prefix", 0))


def numbers(row):
    return {key: value for key, value in row.items() if isinstance(value, (int, float, str))}


def memory_of(summary):
    parts = summary.get_memory()
    return {
        "gib": {key: float(value) for key, value in parts.items()},
        "oom": bool(summary.check_oom()),
        "kv_oom": bool(summary.check_kv_cache_oom()),
    }


def ask_agg(case, ask):
    summary = case.backend.run_agg(
        case.model, case.database, runtime_of(ask), ctx_tokens=ask.get("ctx") or ask["isl"]
    )
    row = summary.get_result_dict()
    return {"row": numbers(row or {}), "memory": memory_of(summary)}


def ask_memory(case, ask):
    summary = case.backend.run_static(
        case.model, case.database, runtime_of(ask), mode=ask["mode"], stride=10_000_000
    )
    return memory_of(summary)


def ask_kv_capacity(case, ask):
    spec = case.spec
    layout = spec["layout"]
    quant = spec.get("quant") or {}
    answer = kv_memory.estimate_kv_cache(
        spec["model"],
        spec["system"],
        spec["backend"],
        case.database.version,
        max_num_tokens=ask["max_num_tokens"],
        max_batch_size=ask["max_batch_size"],
        memory_fraction_kind="of_free" if spec["backend"] == "trtllm" else "of_total",
        memory_fraction_value=ask["fraction"],
        tp_size=layout["tp"],
        pp_size=layout["pp"],
        attention_dp_size=layout["dp"],
        moe_tp_size=layout["moe_tp"],
        moe_ep_size=layout["moe_ep"],
        gemm_quant_mode=quant.get("gemm"),
        moe_quant_mode=quant.get("moe"),
        kvcache_quant_mode=quant.get("kv"),
        fmha_quant_mode=quant.get("fmha"),
        nextn=spec.get("nextn", 0),
        systems_path=spec.get("systems_path"),
    )
    return numbers(answer)


def ask_quant(case, _ask):
    config = case.model.config
    names = {"gemm": "gemm_quant_mode", "moe": "moe_quant_mode", "kv": "kvcache_quant_mode", "fmha": "fmha_quant_mode"}
    return {short: getattr(getattr(config, long), "name", None) for short, long in names.items()}


def ask_operators(case, ask):
    """A list of operators given as the engine's own JSON, outside of any graph."""
    found = case.handle.evaluate_ops_json(
        json.dumps(ask["operators"]),
        is_context=ask["context"],
        batch_size=ask["batch"],
        s=ask["s"],
        prefix=ask.get("prefix", 0),
        x=ask.get("x"),
    )
    return phase(found)


KINDS = {
    "static": ask_static,
    "mixed": ask_mixed,
    "generation_step": ask_generation_step,
    "agg": ask_agg,
    "memory": ask_memory,
    "kv_capacity": ask_kv_capacity,
    "quant": ask_quant,
    "operators": ask_operators,
}

cases = OrderedDict()


def case_of(spec):
    key = json.dumps(spec, sort_keys=True)
    case = cases.pop(key, None) or Case(spec)
    cases[key] = case
    if len(cases) > MOST_ENGINES:
        cases.popitem(last=False)
    return case


def answer(question):
    try:
        return {"ok": KINDS[question["ask"]["kind"]](case_of(question["engine"]), question["ask"])}
    except Exception as error:  # every refusal of the engine is an answer
        return {"error": type(error).__name__, "message": str(error)[:600]}


def main():
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps({"id": question["id"], **answer(question)}), file=PIPE)


main()
