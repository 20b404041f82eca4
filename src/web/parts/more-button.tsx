type Props = {
  /** Asks for what comes next. */
  readonly onMore: () => void;
  readonly isAsking: boolean;
  /** How many are shown, and of what: "200 events". */
  readonly shown: string;
  /** Is there more? Without it, only what is shown is said. */
  readonly hasMore: boolean;
};

/** Below a list that comes in pages: how much of it is shown, and the way to more. */
export function MoreButton({ onMore, isAsking, shown, hasMore }: Props) {
  return (
    <p class="more">
      <span class="quiet">{hasMore ? `${shown} are shown.` : shown}</span>
      {hasMore && (
        <button type="button" onClick={onMore} aria-disabled={isAsking} aria-busy={isAsking}>
          {isAsking ? "Loading…" : "Show more"}
        </button>
      )}
    </p>
  );
}
