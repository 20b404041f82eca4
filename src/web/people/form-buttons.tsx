type Props = {
  /** The id of the form that is sent. */
  readonly form: string;
  /** The word on the button that sends it. */
  readonly action: string;
  readonly isBusy: boolean;
  readonly onClose: () => void;
};

/** At the end of a dialog with a form. */
export function FormButtons({ form, action, isBusy, onClose }: Props) {
  return (
    <>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" form={form} class="primary" aria-disabled={isBusy} aria-busy={isBusy}>
        {isBusy ? "Wait…" : action}
      </button>
    </>
  );
}
