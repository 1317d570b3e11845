// What the files of the C++ border share.

#pragma once

#include <exception>
#include <string>

// Why this thread's last call failed.
inline thread_local std::string what;

// 0, or 1 with the reason in `what`: no exception may leave the border.
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
