import type { FunctionComponent } from "preact";
import type { ViewProps } from "./parts/view-props.ts";

/** A view: its place in the address, its name for people, and the code that is loaded when it is first shown. */
export type View = {
  readonly id: string;
  readonly name: string;
  /** Is it reached by the navigation, or from another view alone? */
  readonly isListed: boolean;
  load(): Promise<FunctionComponent<ViewProps>>;
};

/** The views, in the order of the navigation. */
export const VIEWS: readonly View[] = [
  {
    id: "images",
    name: "Images",
    isListed: true,
    load: async () => (await import("./images/images-view.tsx")).ImagesView,
  },
  {
    id: "image",
    name: "Image",
    isListed: false,
    load: async () => (await import("./image/image-view.tsx")).ImageView,
  },
  {
    id: "activity",
    name: "Activity",
    isListed: true,
    load: async () => (await import("./activity/activity-view.tsx")).ActivityView,
  },
  {
    id: "cluster",
    name: "Cluster",
    isListed: true,
    load: async () => (await import("./cluster/cluster-view.tsx")).ClusterView,
  },
  {
    id: "recordings",
    name: "Recordings",
    isListed: true,
    load: async () => (await import("./recordings/recordings-view.tsx")).RecordingsView,
  },
  {
    id: "nodes",
    name: "Nodes",
    isListed: true,
    load: async () => (await import("./nodes/nodes-view.tsx")).NodesView,
  },
  {
    id: "people",
    name: "People",
    isListed: true,
    load: async () => (await import("./people/people-view.tsx")).PeopleView,
  },
  {
    id: "events",
    name: "Events",
    isListed: true,
    load: async () => (await import("./events/events-view.tsx")).EventsView,
  },
];
