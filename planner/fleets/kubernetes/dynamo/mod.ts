/** Dynamo's own objects: the graph deployment and its scaling adapters. @module */

export {
  type Adapter,
  adapterFault,
  adapterName,
  readAdapter,
} from "./adapter.ts";
export { bestVersion, type DynamoInput, dynamoView } from "./dynamo_view.ts";
export {
  type GraphComponent,
  type GraphDeployment,
  readGraphDeployment,
} from "./graph_deployment.ts";
