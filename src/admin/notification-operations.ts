import {
  dropAnswer,
  dropRequest,
  endpointList,
  givenUpNumber,
  givenUpPage,
  givenUpQuery,
  notificationBody,
  notificationExamples,
  retryAnswer,
  retryRequest,
  testAnswer,
  testRequest,
} from "./notification-schemas.ts";
import { operation } from "./operation.ts";

/** Operations of the admin API: who is told of what happens, and what was not taken. */
export const NOTIFICATION_OPERATIONS = {
  listEndpoints: operation("GET", "/notifications", {
    action: "administer",
    summary: "List who is notified of what happens, and how that goes",
    answer: endpointList,
  }),
  listGivenUp: operation("GET", "/notifications/given-up", {
    action: "administer",
    summary: "List notifications that were given up, the newest first",
    query: givenUpQuery,
    answer: givenUpPage,
  }),
  getGivenUp: operation("GET", "/notifications/given-up/{number}", {
    action: "administer",
    summary: "Show what an endpoint was to be sent, of a notification that was given up",
    parameters: { number: givenUpNumber },
    answer: notificationBody,
  }),
  listExamples: operation("GET", "/notifications/examples", {
    action: "administer",
    summary: "Show what happened last as CloudEvents, as an endpoint would be sent them",
    description: "What is not kept with an event, such as the client's user agent, is missing here.",
    answer: notificationExamples,
  }),
  testEndpoint: operation("POST", "/notifications/tests", {
    action: "administer",
    audited: "notifications-tested",
    summary: "Send an endpoint something that means nothing, and tell whether it took it",
    description:
      "It is sent at once, once, and past what waits: a CloudEvent of the type `larder.test`, or an envelope without events.",
    body: testRequest,
    answer: testAnswer,
  }),
  retryNotifications: operation("POST", "/notifications/retries", {
    action: "administer",
    audited: "notifications-retried",
    summary: "Try at once what waits, and let what was given up wait again",
    body: retryRequest,
    answer: retryAnswer,
  }),
  dropNotifications: operation("POST", "/notifications/removals", {
    action: "administer",
    audited: "notifications-removed",
    summary: "Remove notifications that were given up, or all",
    body: dropRequest,
    answer: dropAnswer,
  }),
} as const;
