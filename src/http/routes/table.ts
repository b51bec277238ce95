// The route table: every path of the API.
import { openApiOf } from '../openapi.ts';
import { type Route, route } from '../route.ts';
import { alarmRoutes } from './alarms.ts';
import { argumentRoutes } from './arguments.ts';
import { bindingRoutes } from './bindings.ts';
import { browseRoutes } from './browse.ts';
import { channelRoutes } from './channels.ts';
import { connectionRoutes } from './connections.ts';
import { consumerRoutes } from './consumers.ts';
import { definitionRoutes } from './definitions.ts';
import { delayedRoutes } from './delayed.ts';
import { eventRoutes } from './events.ts';
import { exchangeRoutes } from './exchanges.ts';
import { healthRoutes } from './health.ts';
import { limitRoutes } from './limits.ts';
import { liveRoutes } from './live.ts';
import { loginRoutes } from './login.ts';
import { messageRoutes } from './messages.ts';
import { nodeRoutes } from './node.ts';
import { parameterRoutes } from './parameters.ts';
import { permissionRoutes } from './permissions.ts';
import { policyRoutes } from './policies.ts';
import { queueRoutes } from './queues.ts';
import { replayRoutes } from './replays.ts';
import { routingRoutes } from './routing.ts';
import { topicPermissionRoutes } from './topic-permissions.ts';
import { userRoutes } from './users.ts';
import { vhostRoutes } from './vhosts.ts';
import { workRoutes } from './work.ts';

export const routes: readonly Route[] = [
  ...nodeRoutes,
  ...loginRoutes,
  ...healthRoutes,
  ...alarmRoutes,
  ...connectionRoutes,
  ...channelRoutes,
  ...consumerRoutes,
  ...exchangeRoutes,
  ...queueRoutes,
  ...messageRoutes,
  ...workRoutes,
  ...browseRoutes,
  ...delayedRoutes,
  ...replayRoutes,
  ...routingRoutes,
  ...bindingRoutes,
  ...vhostRoutes,
  ...userRoutes,
  ...permissionRoutes,
  ...topicPermissionRoutes,
  ...policyRoutes,
  ...argumentRoutes,
  ...limitRoutes,
  ...parameterRoutes,
  ...definitionRoutes,
  ...liveRoutes,
  ...eventRoutes,
  route('GET', '/openapi.json', {
    need: 'open',
    answer: 'response',
    summary: 'This API in OpenAPI 3.1',
    run: ({ management }) => Response.json(openApiOf(routes, management.version)),
  }),
];
