// Times and small pieces that several views share, in RabbitMQ's forms.

/** A moment as RabbitMQ writes it: `2026-11-25T08:35:22.857+00:00`. */
export function momentText(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+00:00');
}
