// What a message has been through, as a timeline.
import type { JSX } from 'preact';
import { DASH, moment } from '../format.ts';
import { storyOf } from '../story.ts';
import type { Message } from '../types.ts';

export function MessageStory({ queue, message }: { queue: string; message: Message }): JSX.Element {
  return (
    <>
      <h4 id="story">Its story</h4>
      <ol class="story" aria-labelledby="story">
        {storyOf(message, queue).map(({ at, what, more }, index) => (
          <li key={index}>
            <span class="muted">{at === undefined ? DASH : moment(at)}</span>
            <span>
              {what}
              {more.length > 0 && <small class="muted">{more.join('; ')}</small>}
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}
