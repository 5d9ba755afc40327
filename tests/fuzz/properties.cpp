// SPDX-License-Identifier: Apache-2.0
// The same bytes as a property file, as --set arguments and as an environment: properties with a
// name, each once, or setup_error.
#include <sys/mman.h>
#include <unistd.h>

#include <weir/error.hpp>

#include "cli/properties.hpp"
#include "fuzz.hpp"

namespace {

class file {
public:
    explicit file(std::string_view text) {
        fuzz::require(::write(fd_, text.data(), text.size()) == static_cast<::ssize_t>(text.size()),
                      "the file is written");
    }
    file(const file&) = delete;
    file& operator=(const file&) = delete;
    ~file() { ::close(fd_); }
    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_ = ::memfd_create("properties", MFD_CLOEXEC);
};

void check(const weir::properties& all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        fuzz::require(!all[i].first.empty(), "a property has a name");
        for (std::size_t j = 0; j < i; ++j)
            fuzz::require(all[j].first != all[i].first, "a name is there once");
    }
}
void try_to(auto put) {
    weir::properties all{{"acks", "1"}};
    try {
        put(all);
    } catch (const weir::setup_error& e) {
        fuzz::require(std::string_view{e.what()}.starts_with("weir: "), "an error is a sentence");
    }
    check(all);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto all = fuzz::text(data, size);
    const file f{all};
    const auto lines = fuzz::split(all, '\n');
    std::vector<const char*> environment;
    for (auto& l : lines) environment.push_back(l.c_str());
    environment.push_back(nullptr);
    try_to([&](auto& p) { weir::detail::put_file(p, f.path()); });
    try_to([&](auto& p) { weir::detail::put_arguments(p, lines); });
    try_to([&](auto& p) { weir::detail::put_environment(p, environment.data()); });
    return 0;
}
