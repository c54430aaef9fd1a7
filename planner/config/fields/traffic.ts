/** Fields about observed and predicted traffic. @module */

import { z } from "zod";
import { field, text, whole } from "../field.ts";
import { choice, flag } from "./shared_words.ts";

const variance = (value: number, description: string) =>
  field(
    z.number().min(0).default(value),
    description,
    "Write a number of at least 0.",
  );

export const traffic = {
  load_predictor: choice(
    ["constant", "arima", "kalman", "ets", "seasonal"],
    "arima",
    "How the next window's traffic is predicted.",
  ),
  load_predictor_log1p: flag(
    false,
    "Predict log(1 + x) instead of x.",
  ),
  load_predictor_window_size: field(
    whole(16, 2048).default(512),
    "Windows that arima and ets are fitted on.",
    "Write a whole number from 16 to 2048.",
  ),
  kalman_q_level: variance(1, "Kalman: variance of the level's steps."),
  kalman_q_trend: variance(0.1, "Kalman: variance of the trend's steps."),
  kalman_r: variance(10, "Kalman: variance of a measurement."),
  kalman_min_points: field(
    whole(1, 2048).default(5),
    "Kalman: windows before it predicts anything but the last one.",
    "Write a whole number of at least 1.",
  ),
  load_predictor_warmup_trace: field(
    text().optional(),
    "Trace file that warms the predictor up.",
    "Write the path of a trace file.",
  ),
  traffic_source: choice(
    ["prometheus", "trace", "simulated"],
    "prometheus",
    "Where traffic is observed.",
  ),
  trace_file: field(
    text().optional(),
    "Trace file that traffic is read from.",
    "Write the path of an Azure LLM CSV or a Mooncake JSON lines file.",
  ),
};
