let open: (() => void) | null = null;

/** Asks whoever is looking to sign in, over whatever is open; that stays as it is. */
export function openSignIn(): void {
  open?.();
}

/** For the one place that asks. Returns what ends that. */
export function onSignIn(callback: () => void): () => void {
  open = callback;
  return () => {
    open = null;
  };
}
