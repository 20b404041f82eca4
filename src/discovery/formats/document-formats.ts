import type { DocumentFormat } from "../files/document-format.ts";
import { compose } from "../compose/compose-format.ts";
import { azurePipeline } from "../pipelines/azure-pipeline.ts";
import { bitbucketPipeline } from "../pipelines/bitbucket-pipeline.ts";
import { circleciPipeline } from "../pipelines/circleci-pipeline.ts";
import { githubWorkflow } from "../pipelines/github-workflow.ts";
import { gitlabPipeline } from "../pipelines/gitlab-pipeline.ts";
import { tekton } from "../pipelines/tekton.ts";
import { woodpeckerPipeline } from "../pipelines/woodpecker-pipeline.ts";
import { argoCd } from "../releases/argo-cd.ts";
import { flux } from "../releases/flux.ts";
import { helmController } from "../releases/helm-controller.ts";
import { hauler } from "./hauler.ts";
import { artifactHub } from "./artifact-hub.ts";
import { carvel } from "./carvel.ts";
import { componentDescriptor } from "./component-descriptor.ts";
import { crossplane } from "./crossplane.ts";
import { k0s } from "./k0s.ts";
import { clusterApi, kubeadm, kubeadmConfigMap } from "./kubeadm.ts";
import { ocMirror } from "./oc-mirror.ts";
import { operatorCatalog } from "./operator-catalog.ts";
import { regsync } from "./regsync.ts";
import { rke } from "./rke.ts";
import { skaffold } from "./skaffold.ts";
import { skopeoSync } from "./skopeo-sync.ts";
import { talos } from "./talos.ts";
import { zarf } from "./zarf.ts";

/** The documents of other tools that are understood. The first that recognizes a document reads it, before the reader of Kubernetes' manifests is asked. */
export const DOCUMENT_FORMATS: readonly DocumentFormat[] = [
  hauler,
  flux,
  argoCd,
  helmController,
  compose,
  tekton,
  githubWorkflow,
  circleciPipeline,
  bitbucketPipeline,
  woodpeckerPipeline,
  azurePipeline,
  gitlabPipeline,
  artifactHub,
  carvel,
  componentDescriptor,
  crossplane,
  k0s,
  clusterApi,
  kubeadm,
  kubeadmConfigMap,
  ocMirror,
  operatorCatalog,
  regsync,
  rke,
  skaffold,
  skopeoSync,
  talos,
  zarf,
];
