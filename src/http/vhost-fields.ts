// What bodies and definitions say of a virtual host besides its name.
import { z } from 'zod';
import type { VhostMetadata } from '../broker/vhost-metadata.ts';
import { words } from './fields.ts';

/** The longest description, characters. */
const descriptionCharsMax = 1024;

/** Null stands for nothing, as clients of later versions send it. */
interface MetadataFields {
  readonly description: z.ZodType<string | null | undefined>;
  readonly tags: z.ZodType<string[] | null | undefined, string | string[] | null | undefined>;
  readonly default_queue_type: z.ZodType<string | null | undefined>;
}

export const metadataFields: MetadataFields = {
  description: z.string().max(descriptionCharsMax).nullish(),
  tags: words.nullish(),
  default_queue_type: z.string().max(255).nullish(),
};

/** The fields, checked. */
export interface VhostWords {
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly default_queue_type?: string | null | undefined;
}

/** What they say; whatever they leave out there is none of. RabbitMQ writes no type as `undefined`. */
export function metadataOf(given: VhostWords): VhostMetadata {
  const type = given.default_queue_type;
  return {
    description: given.description ?? '',
    tags: given.tags ?? [],
    defaultQueueType: type == null || type === '' || type === 'undefined' ? undefined : type,
  };
}
