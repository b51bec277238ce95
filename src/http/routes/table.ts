// The route table: every path of the API that does not need the login itself.
import type { Route } from '../route.ts';
import { bindingRoutes } from './bindings.ts';
import { channelRoutes } from './channels.ts';
import { connectionRoutes } from './connections.ts';
import { consumerRoutes } from './consumers.ts';
import { definitionRoutes } from './definitions.ts';
import { exchangeRoutes } from './exchanges.ts';
import { healthRoutes } from './health.ts';
import { messageRoutes } from './messages.ts';
import { nodeRoutes } from './node.ts';
import { permissionRoutes } from './permissions.ts';
import { queueRoutes } from './queues.ts';
import { userRoutes } from './users.ts';
import { vhostRoutes } from './vhosts.ts';

export const routes: readonly Route[] = [
  ...nodeRoutes,
  ...healthRoutes,
  ...connectionRoutes,
  ...channelRoutes,
  ...consumerRoutes,
  ...exchangeRoutes,
  ...queueRoutes,
  ...messageRoutes,
  ...bindingRoutes,
  ...vhostRoutes,
  ...userRoutes,
  ...permissionRoutes,
  ...definitionRoutes,
];
