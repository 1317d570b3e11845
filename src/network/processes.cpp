// Several processes that train together, through libtorch's c10d: a TCPStore to find each other, Gloo to add
// tensors up.

#define USE_C10D_GLOO

#include <ATen/core/Tensor.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <string>
#include <utility>

#include "border.hpp"

namespace {

struct Group {
    c10::intrusive_ptr<c10d::Store> store;
    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

}  // namespace

extern "C" {

// Joins a group of `size` processes that meet at `host` and `port`, where one of them is the `server`.
// `prefix` keeps it apart from others that meet there. The connections use the network interface, or the
// address that the machine's name has where it is empty, or `host`'s where that is this machine's own.
int sg3_group_join(const char* host, uint16_t port, bool server, const char* prefix, const char* interface,
                   bool local, int rank, int size, int64_t join_ms, int64_t wait_ms, Group** group) {
    return guarded([&] {
        c10d::TCPStoreOptions options;
        options.port = port;
        options.isServer = server;
        options.numWorkers = size;
        options.waitWorkers = false;
        options.timeout = std::chrono::milliseconds(join_ms);
        c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(host, options);
        store = c10::make_intrusive<c10d::PrefixStore>(prefix, std::move(store));
        auto chosen = c10d::ProcessGroupGloo::Options::create(std::chrono::milliseconds(join_ms));
        using Gloo = c10d::ProcessGroupGloo;
        chosen->devices.push_back(*interface ? Gloo::createDeviceForInterface(interface)
            : local ? Gloo::createDeviceForHostname(host) : Gloo::createDefaultDevice());
        auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, std::move(chosen));
        gloo->getOptions()->timeout = std::chrono::milliseconds(wait_ms);
        *group = new Group{std::move(store), std::move(gloo)};
    });
}

// Adds a contiguous tensor of the CPU up over the processes, in place.
int sg3_group_sum(Group* group, const at::Tensor* tensor) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{*tensor};
        group->gloo->allreduce(tensors)->wait();
    });
}

// Gives a contiguous tensor of the CPU the values that it has in the first process.
int sg3_group_hand_out(Group* group, const at::Tensor* tensor) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{*tensor};
        group->gloo->broadcast(tensors)->wait();
    });
}

void sg3_group_free(Group* group) { delete group; }

}  // extern "C"
