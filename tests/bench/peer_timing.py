"""Times the real AIC engine: one JSON object in on standard input, one out.

In:  {"engines": [{name, model, system, backend, version, layout}], "batches": [...], "queries": [[batch, isl], ...], "osl": n}
Out: {name: {"decode_phase_us": [...], "decode_step_us": [...], "prefill_us": [...], "..._ms": [...]}}, one figure a query;
a query that the engine refuses is null. Every query is asked once, so nothing is remembered from one to the next.
"""

import json
import logging
import os
import sys
import time

logging.disable(logging.CRITICAL)
PIPE = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever a library prints must not end up in the answer

from aiconfigurator_core.sdk.engine import EngineHandle  # noqa: E402


def timed(call):
    start = time.perf_counter_ns()
    try:
        value = call()
    except Exception:
        return None, None
    return (time.perf_counter_ns() - start) / 1000, value


def main():
    order = json.load(sys.stdin)
    answer = {}
    for engine in order["engines"]:
        layout = engine["layout"]
        handle = EngineHandle.compile(
            engine["model"],
            engine["system"],
            engine["backend"],
            backend_version=engine["version"],
            tp_size=layout["tp"],
            moe_tp_size=layout["moe_tp"],
            moe_ep_size=layout["moe_ep"],
        )
        # Tables load at the first question; that is not what is timed.
        timed(lambda: handle.predict_prefill_latency(1, 129))
        timed(lambda: handle.predict_decode_latency(1, 129, 3))
        figures = {}
        osl = order["osl"]
        for kind, ask in (
            ("prefill", lambda b, s: handle.predict_prefill_latency(b, s)),
            ("decode_step", lambda b, s: handle.predict_decode_latency(b, s, 2)),
            ("decode_step_even", lambda b, s: handle.predict_decode_latency(b, s, 2)),
            ("decode_phase", lambda b, s: handle.predict_decode_latency(b, s, osl)),
        ):
            results = [timed(lambda: ask(b, s)) for b, s in engine["queries"][kind]]
            figures[f"{kind}_us"] = [took for took, _ in results]
            figures[f"{kind}_ms"] = [value for _, value in results]
        answer[engine["name"]] = figures
    json.dump(answer, PIPE)
    PIPE.flush()


main()
