import type { Notifications } from "../../registry/notifications/notifications.ts";
import type { MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader, Reading } from "../../telemetry/metrics/metric-reader.ts";

const WAITING: MetricDefinition = {
  kind: "gauge",
  name: "larder_notifications_waiting",
  help: "Notifications that wait for an endpoint",
  labels: ["endpoint"],
};
const GIVEN_UP: MetricDefinition = {
  kind: "gauge",
  name: "larder_notifications_given_up",
  help: "Notifications that were given up and are kept for somebody to look at",
  labels: ["endpoint"],
};
const FAILING: MetricDefinition = {
  kind: "gauge",
  name: "larder_notifications_failing",
  help: "Did the last attempt to notify an endpoint fail?",
  labels: ["endpoint"],
};
const DELIVERED: MetricDefinition = {
  kind: "counter",
  name: "larder_notifications_delivered_total",
  help: "Notifications that an endpoint took",
  labels: ["endpoint"],
};
const FAILED: MetricDefinition = {
  kind: "counter",
  name: "larder_notifications_failed_attempts_total",
  help: "Attempts to notify an endpoint that failed",
  labels: ["endpoint"],
};
const DROPPED: MetricDefinition = {
  kind: "counter",
  name: "larder_notifications_dropped_total",
  help: "Notifications that went for want of room in an endpoint's queue",
  labels: ["endpoint"],
};

/** The metrics of notifications, of the endpoints in the settings: their number is bounded there. */
export function notificationMetrics(notifications: Pick<Notifications, "states">): MetricReader {
  const read = async (): Promise<readonly Reading[]> => {
    const states = (await notifications.states()).filter(({ settings }) => settings !== null);
    return states.flatMap(({ endpoint, waiting, givenUp, dropped, worker }) => {
      const of = (metric: MetricDefinition, value: number): Reading => ({ metric, labels: [endpoint], value });
      return [
        of(WAITING, waiting + (worker?.pullsWaiting ?? 0)),
        of(GIVEN_UP, givenUp),
        of(FAILING, worker !== null && worker.failure !== null ? 1 : 0),
        of(DELIVERED, worker?.delivered ?? 0),
        of(FAILED, worker?.failedAttempts ?? 0),
        of(DROPPED, dropped + (worker?.pullsDropped ?? 0)),
      ];
    });
  };
  return { name: "notifications", definitions: [WAITING, GIVEN_UP, FAILING, DELIVERED, FAILED, DROPPED], read };
}
