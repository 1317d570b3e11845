// What c10d's header says of gloo, whose own headers are not among libtorch's: only pointers to these
// enter the layout of `ProcessGroupGloo`, and nothing here is called.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gloo {

struct Context {
    void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {
class Device;
class UnboundBuffer;
}  // namespace transport

namespace rendezvous {
class Store {
   public:
    virtual ~Store();
    virtual void set(const std::string& key, const std::vector<char>& value) = 0;
    virtual std::vector<char> get(const std::string& key) = 0;
    virtual void wait(const std::vector<std::string>& keys) = 0;
    virtual void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) = 0;
};
}  // namespace rendezvous

}  // namespace gloo
