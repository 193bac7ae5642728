#pragma once
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stddef.h>

// VIR_DOMAIN_EVENT_CALLBACK is a macro that casts function pointers, which Swift cannot do.

static inline int clibvirt_register_lifecycle(
    virConnectPtr connection, virConnectDomainEventCallback callback, void *context,
    virFreeCallback release) {
    return virConnectDomainEventRegisterAny(
        connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(callback),
        context, release);
}

static inline int clibvirt_register_reboot(
    virConnectPtr connection, virConnectDomainEventGenericCallback callback, void *context,
    virFreeCallback release) {
    return virConnectDomainEventRegisterAny(
        connection, NULL, VIR_DOMAIN_EVENT_ID_REBOOT, callback, context, release);
}

static inline int clibvirt_register_device_removed(
    virConnectPtr connection, virConnectDomainEventDeviceRemovedCallback callback, void *context,
    virFreeCallback release) {
    return virConnectDomainEventRegisterAny(
        connection, NULL, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(callback),
        context, release);
}

static inline int clibvirt_register_io_error(
    virConnectPtr connection, virConnectDomainEventIOErrorReasonCallback callback, void *context,
    virFreeCallback release) {
    return virConnectDomainEventRegisterAny(
        connection, NULL, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(callback),
        context, release);
}
