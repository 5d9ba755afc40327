// SPDX-License-Identifier: Apache-2.0
// app.main called in this process, with what it printed.
#pragma once
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include <weir/app.hpp>

namespace tests {

/// A file descriptor's output, kept while this lives.
class captured {
public:
    explicit captured(std::FILE* stream) : stream_(stream) {
        std::fflush(stream_);
        saved_ = ::dup(::fileno(stream_));
        ::dup2(memory_, ::fileno(stream_));
    }
    captured(const captured&) = delete;
    captured& operator=(const captured&) = delete;
    ~captured() { text(), ::close(memory_); }
    std::string text() {
        if (saved_ >= 0) {
            std::fflush(stream_);
            ::dup2(saved_, ::fileno(stream_)), ::close(saved_);
            saved_ = -1;
        }
        std::string all(static_cast<std::size_t>(::lseek(memory_, 0, SEEK_END)), ' ');
        const auto got = ::pread(memory_, all.data(), all.size(), 0);
        CHECK(got == static_cast<::ssize_t>(all.size()));
        return all;
    }

private:
    std::FILE* stream_;
    int memory_ = ::memfd_create("captured", 0), saved_ = -1;
};
struct printed {
    int code;
    std::string out, err;
};
inline printed run(weir::app& app, const std::vector<const char*>& arguments) {
    std::vector<const char*> argv{"/usr/bin/prog"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    captured out{stdout}, err{stderr};
    const int code = app.main(static_cast<int>(argv.size()), argv.data());
    return {code, out.text(), err.text()};
}

}  // namespace tests
