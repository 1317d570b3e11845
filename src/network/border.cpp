// The fused operator under libtorch's autograd. No exception leaves this file.

#include "border.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/grid_sampler_2d.h>
#include <ATen/ops/grid_sampler_2d_backward.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>
#include <stdexcept>

namespace {

// The operator, as Rust has it: differentiable.rs. Tensors that go to Rust are lent; those that come
// back are owned by the caller. 0, or 1 with the reason behind sg3_operator_what.
extern "C" {
int sg3_operator_forward(const void* op, const at::Tensor* x, const at::Tensor* bias,
                         at::Tensor** y, at::Tensor** signs);
int sg3_operator_transposed(const void* op, const at::Tensor* dy, const at::Tensor* signs,
                            int64_t height, int64_t width, at::Tensor** dx);
const char* sg3_operator_what();
void sg3_operator_release(const void* op);
}

// Keeps Rust's operator for as long as the graph may need it.
struct Held : torch::CustomClassHolder {
    explicit Held(const void* op) : op(op) {}
    ~Held() override { sg3_operator_release(op); }
    const void* op;
};

at::Tensor take(at::Tensor* owned) {
    at::Tensor tensor = std::move(*owned);
    delete owned;
    return tensor;
}

void check(int failed) {
    if (failed) throw std::runtime_error(sg3_operator_what());
}

struct FilteredLrelu : torch::autograd::Function<FilteredLrelu> {
    // Inputs come as a list: a single tensor, or a variable_list, would not be tracked.
    static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs,
                              const c10::intrusive_ptr<Held>& held) {
        at::Tensor *y = nullptr, *signs = nullptr;
        check(sg3_operator_forward(held->op, &inputs[0], &inputs[1], &y, &signs));
        context->save_for_backward({take(signs)});
        context->saved_data["operator"] = c10::IValue::make_capsule(held);
        context->saved_data["height"] = inputs[0].size(2);
        context->saved_data["width"] = inputs[0].size(3);
        return take(y);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        if (at::GradMode::is_enabled()) {
            throw std::runtime_error(
                "the fused filtered leaky ReLU has no second derivative; compose it instead");
        }
        const auto held = context->saved_data["operator"].toCapsule();
        const at::Tensor signs = context->get_saved_variables()[0];
        at::Tensor* dx = nullptr;
        check(sg3_operator_transposed(static_cast<const Held&>(*held).op, &gradients[0], &signs,
                                      context->saved_data["height"].toInt(),
                                      context->saved_data["width"].toInt(), &dx));
        const at::Tensor gradient = take(dx);
        // Most of what is summed cancels out.
        const at::Tensor bias = gradient.sum({0, 2, 3}, false, at::kDouble).to(at::kFloat);
        return {gradient, bias, at::Tensor()};
    }
};

// Bilinear sampling of x [N, C, H, W] at a grid [N, H', W', 2], zeros outside, and its transpose. Both are
// linear in what they are given, so that each is the other's gradient, as often as is wanted. The grid
// is not differentiated.
struct Sampling : torch::autograd::Function<Sampling> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs);
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients);
};

struct Scattering : torch::autograd::Function<Scattering> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, at::TensorList inputs,
                              int64_t height, int64_t width);
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients);
};

// at::grid_sampler_2d's numbers for "bilinear" and "zeros".
constexpr int64_t BILINEAR = 0, ZEROS = 0;

at::Tensor Sampling::forward(torch::autograd::AutogradContext* context, at::TensorList inputs) {
    context->save_for_backward({inputs[1]});
    context->saved_data["height"] = inputs[0].size(2);
    context->saved_data["width"] = inputs[0].size(3);
    return at::grid_sampler_2d(inputs[0], inputs[1], BILINEAR, ZEROS, false);
}

torch::autograd::variable_list Sampling::backward(torch::autograd::AutogradContext* context,
                                                  torch::autograd::variable_list gradients) {
    const at::Tensor both[] = {gradients[0], context->get_saved_variables()[0]};
    return {Scattering::apply(at::TensorList(both, 2), context->saved_data["height"].toInt(),
                              context->saved_data["width"].toInt()),
            at::Tensor()};
}

at::Tensor Scattering::forward(torch::autograd::AutogradContext* context, at::TensorList inputs,
                               int64_t height, int64_t width) {
    const at::Tensor &dy = inputs[0], &grid = inputs[1];
    context->save_for_backward({grid});
    // Its values matter for the grid's gradient only, which is not asked for.
    const at::Tensor x = at::zeros({1, 1, 1, 1}, dy.options()).expand({dy.size(0), dy.size(1), height, width});
    return std::get<0>(at::grid_sampler_2d_backward(dy.contiguous(), x, grid, BILINEAR, ZEROS, false,
                                                    {true, false}));
}

torch::autograd::variable_list Scattering::backward(torch::autograd::AutogradContext* context,
                                                    torch::autograd::variable_list gradients) {
    const at::Tensor both[] = {gradients[0], context->get_saved_variables()[0]};
    return {Sampling::apply(at::TensorList(both, 2)), at::Tensor(), at::Tensor(), at::Tensor()};
}

}  // namespace

extern "C" {

// Why this thread's last call failed; valid until the next.
const char* sg3_what() { return what.c_str(); }

// y = operator(x + bias), differentiable once by both. Takes over `op` whatever comes of it.
int sg3_filtered_lrelu(const void* op, const at::Tensor* x, const at::Tensor* bias,
                       at::Tensor** y) {
    return guarded([&] {
        const auto held = c10::make_intrusive<Held>(op);
        const at::Tensor inputs[] = {*x, *bias};
        *y = new at::Tensor(FilteredLrelu::apply(at::TensorList(inputs, 2), held));
    });
}

// The leaky ReLU of this slope, and what it gives kept within -clamp..clamp: each is one kernel, and so
// are their derivatives.
int sg3_leaky_relu(const at::Tensor* x, double slope, double clamp, at::Tensor** y) {
    return guarded([&] {
        const at::Tensor active = at::leaky_relu(*x, slope);
        *y = new at::Tensor(at::hardtanh(active, -clamp, clamp));
    });
}

// x [N, C, H, W] at grid [N, H', W', 2], in units of half the width and height from the middle.
int sg3_sample(const at::Tensor* x, const at::Tensor* grid, at::Tensor** y) {
    return guarded([&] {
        const at::Tensor inputs[] = {*x, *grid};
        *y = new at::Tensor(Sampling::apply(at::TensorList(inputs, 2)));
    });
}

}  // extern "C"
