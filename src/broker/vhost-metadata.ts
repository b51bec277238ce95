// What people say of a virtual host. Nothing of it changes what the broker does with messages.

export interface VhostMetadata {
  /** In words; '' is none. */
  readonly description: string;
  readonly tags: readonly string[];
  /** What clients that leave the type of a queue open are said to get; kept and shown, of no effect. undefined is none. */
  readonly defaultQueueType: string | undefined;
}

/** Of a vhost that nobody has described. */
export const noMetadata: VhostMetadata = { description: '', tags: [], defaultQueueType: undefined };

export function sameMetadata(a: VhostMetadata, b: VhostMetadata): boolean {
  return (
    a.description === b.description &&
    a.defaultQueueType === b.defaultQueueType &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, index) => tag === b.tags[index])
  );
}
