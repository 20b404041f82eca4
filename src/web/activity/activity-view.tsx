import "./activity.css";
import { LiveBadge } from "../parts/live-badge.tsx";
import { AnsweredSection } from "./answered-section.tsx";
import { EvictionSection } from "./eviction-section.tsx";
import { HappenedSection } from "./happened-section.tsx";
import { OfflineSwitch } from "./offline-switch.tsx";
import { TransfersSection } from "./transfers-section.tsx";
import { UpstreamsSection } from "./upstreams-section.tsx";

/** What is happening, and what has happened. */
export function ActivityView({ query }: { readonly query: URLSearchParams }) {
  return (
    <>
      <div class="activity-head">
        <h1>Activity</h1>
        <LiveBadge />
        <OfflineSwitch />
      </div>
      <TransfersSection />
      <AnsweredSection query={query} />
      <div class="activity-columns">
        <HappenedSection />
        <UpstreamsSection />
      </div>
      <EvictionSection />
    </>
  );
}
