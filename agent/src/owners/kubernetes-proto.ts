/**
 * What is read of the kubelet's pod-resources API (`pkg/apis/podresources/v1/api.proto` of
 * kubernetes/kubelet): its two questions, and of the answers the fields that say which device has
 * been given away and by which namespace. The names of pods, containers and claims are left out of
 * the description, so that they are skipped as unknown fields and never become text in memory.
 *
 * Field numbers are the wire; names are the proto's own.
 */
import * as z from 'zod/mini'

export const POD_RESOURCES_SERVICE = 'v1.PodResourcesLister'

/** In protobufjs's JSON form, as `fromJSON` of the loader takes it. */
export const POD_RESOURCES_PROTO = {
  nested: {
    v1: {
      nested: {
        PodResourcesLister: {
          methods: {
            List: {
              requestType: 'ListPodResourcesRequest',
              responseType: 'ListPodResourcesResponse',
              comment: 'What each pod has been given.',
            },
            GetAllocatableResources: {
              requestType: 'AllocatableResourcesRequest',
              responseType: 'AllocatableResourcesResponse',
              comment: 'Every healthy device that may be given, or has been.',
            },
          },
        },
        ListPodResourcesRequest: { fields: {} },
        AllocatableResourcesRequest: { fields: {} },
        ListPodResourcesResponse: {
          fields: { pod_resources: { rule: 'repeated', type: 'PodResources', id: 1 } },
        },
        AllocatableResourcesResponse: {
          fields: { devices: { rule: 'repeated', type: 'ContainerDevices', id: 1 } },
        },
        PodResources: {
          fields: {
            namespace: { type: 'string', id: 2 },
            containers: { rule: 'repeated', type: 'ContainerResources', id: 3 },
          },
        },
        ContainerResources: {
          fields: {
            devices: { rule: 'repeated', type: 'ContainerDevices', id: 2 },
            dynamic_resources: { rule: 'repeated', type: 'DynamicResource', id: 5 },
          },
        },
        ContainerDevices: {
          fields: {
            resource_name: { type: 'string', id: 1 },
            device_ids: { rule: 'repeated', type: 'string', id: 2 },
          },
        },
        DynamicResource: {
          fields: { claim_resources: { rule: 'repeated', type: 'ClaimResource', id: 4 } },
        },
        ClaimResource: {
          fields: {
            driver_name: { type: 'string', id: 2 },
            device_name: { type: 'string', id: 4 },
          },
        },
      },
    },
  },
}

const containerDevices = z.object({
  resource_name: z.string(),
  device_ids: z.array(z.string()),
})
const dynamicResource = z.object({
  claim_resources: z.array(z.object({ driver_name: z.string(), device_name: z.string() })),
})

export const listResponse = z.object({
  pod_resources: z.array(
    z.object({
      namespace: z.string(),
      containers: z.array(
        z.object({
          devices: z.array(containerDevices),
          dynamic_resources: z.array(dynamicResource),
        }),
      ),
    }),
  ),
})
export const allocatableResponse = z.object({ devices: z.array(containerDevices) })
