import type { DocumentFormat } from "../files/document-format.ts";
import { compose } from "../compose/compose-format.ts";
import { azurePipeline } from "../pipelines/azure-pipeline.ts";
import { bitbucketPipeline } from "../pipelines/bitbucket-pipeline.ts";
import { circleciPipeline } from "../pipelines/circleci-pipeline.ts";
import { githubWorkflow } from "../pipelines/github-workflow.ts";
import { gitlabPipeline } from "../pipelines/gitlab-pipeline.ts";
import { tekton } from "../pipelines/tekton.ts";
import { woodpeckerPipeline } from "../pipelines/woodpecker-pipeline.ts";
import { hauler } from "./hauler.ts";

/** The documents of other tools that are understood. The first that recognizes a document reads it, before the reader of Kubernetes' manifests is asked. */
export const DOCUMENT_FORMATS: readonly DocumentFormat[] = [
  hauler,
  compose,
  tekton,
  githubWorkflow,
  circleciPipeline,
  bitbucketPipeline,
  woodpeckerPipeline,
  azurePipeline,
  gitlabPipeline,
];
