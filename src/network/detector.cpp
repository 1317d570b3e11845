// TorchScript modules that are called with arguments by name, which tch cannot do.

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <ATen/core/grad_mode.h>

#include <memory>

#include "border.hpp"

extern "C" {

// Reads a module onto a device: the CPU, or CUDA's `cuda`th where that is not negative.
int sg3_detector_load(const char* path, int cuda, torch::jit::Module** module) {
    return guarded([&] {
        const c10::Device device = cuda < 0 ? c10::Device(c10::DeviceType::CPU)
            : c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(cuda));
        auto loaded = std::make_unique<torch::jit::Module>(torch::jit::load(path, device));
        loaded->eval();
        *module = loaded.release();
    });
}

// y = module(x, names[0]=values[0], ...), all of them booleans.
int sg3_detector_call(torch::jit::Module* module, const at::Tensor* x, const char* const* names,
                      const bool* values, int count, at::Tensor** y) {
    return guarded([&] {
        const at::NoGradGuard no_gradients;
        torch::jit::Kwargs named;
        for (int i = 0; i < count; ++i) named.emplace(names[i], values[i]);
        const c10::IValue result = module->get_method("forward")({*x}, named);
        *y = new at::Tensor(result.toTensor());
    });
}

void sg3_detector_free(torch::jit::Module* module) { delete module; }

}  // extern "C"
