import * as v from "valibot";
import {
  fetchJob,
  fetchJobDetails,
  fetchJobId,
  fetchJobList,
  fetchJobQuery,
  fetchJobRequest,
} from "./fetch-job-schemas.ts";
import { operation } from "./operation.ts";

const CHECK_BODY_BYTES = 2 << 20;

/** Operations of the admin API: lists of images that larder brings by itself. */
export const FETCH_JOB_OPERATIONS = {
  startFetchJob: operation("POST", "/fetch-jobs", {
    action: "administer",
    audited: "fetch-job-started",
    summary: "Bring a list of images here, whoever watches",
    description:
      "It goes on when the client leaves. Images that are here whole are passed over; where a registry wants to be left alone for some time, its images wait. When larder ends, the job is interrupted, until it is retried.",
    body: fetchJobRequest,
    bodyLimitBytes: CHECK_BODY_BYTES,
    answer: fetchJob,
  }),
  listFetchJobs: operation("GET", "/fetch-jobs", {
    action: "administer",
    summary: "List fetch jobs, the newest first",
    answer: fetchJobList,
  }),
  getFetchJob: operation("GET", "/fetch-jobs/{job}", {
    action: "administer",
    summary: "Tell how a fetch job goes, and what became of its images",
    parameters: { job: fetchJobId },
    query: fetchJobQuery,
    answer: fetchJobDetails,
  }),
  retryFetchJob: operation("POST", "/fetch-jobs/{job}/retries", {
    action: "administer",
    audited: "fetch-job-retried",
    summary: "Try again what a job has not brought: what failed, was cancelled or interrupted",
    parameters: { job: fetchJobId },
    body: v.strictObject({}),
    answer: fetchJob,
  }),
  cancelFetchJob: operation("POST", "/fetch-jobs/{job}/cancellations", {
    action: "administer",
    audited: "fetch-job-cancelled",
    summary: "Begin nothing more of a job",
    description: "What is on its way comes to its end, and is there for who wants it next.",
    parameters: { job: fetchJobId },
    body: v.strictObject({}),
    answer: v.object({ isCancelled: v.pipe(v.boolean(), v.description("false: it is not being done")) }),
  }),
  removeFetchJob: operation("DELETE", "/fetch-jobs/{job}", {
    action: "administer",
    audited: false,
    summary: "Forget a job; one that is being done is cancelled",
    parameters: { job: fetchJobId },
    answer: v.object({ isRemoved: v.pipe(v.boolean(), v.description("false: there was none")) }),
  }),
} as const;
