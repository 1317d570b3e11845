// What Rust needs of libtorch and tch does not offer. No exception leaves this file.

#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdint>
#include <exception>
#include <string>

namespace {

thread_local std::string what;

// 0, or 1 with the reason in `what`.
template <class Work>
int guarded(Work work) {
    try {
        work();
        return 0;
    } catch (const std::exception& error) {
        what = error.what();
    } catch (...) {
        what = "unknown C++ exception";
    }
    return 1;
}

}  // namespace

extern "C" {

// Why this thread's last call failed; valid until the next.
const char* sg3_what() { return what.c_str(); }

// The driver's handle of the stream that libtorch uses on this thread for a CUDA device. Through
// libtorch's registry, since CUDA itself is not linked.
int sg3_current_stream(int device, uint64_t* stream) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
        const c10::Device which(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
        *stream = reinterpret_cast<uint64_t>(cuda.getStream(which).native_handle());
    });
}

}  // extern "C"
