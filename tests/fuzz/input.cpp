// SPDX-License-Identifier: Apache-2.0
// Lines that become messages, as --input and as --keyed-input: every line before the first wrong
// one is in the topic, in order, and nothing behind it.
#include <sys/mman.h>
#include <unistd.h>

#include <weir/clock.hpp>
#include <weir/codec/json.hpp>
#include <weir/segment/decode.hpp>
#include <weir/transport/memory.hpp>

#include "cli/input.hpp"
#include "fuzz.hpp"

namespace {

struct reading {
    std::string place;
    std::optional<double> celsius;
};

/// What the topic must hold, read line by line in the plainest way.
std::vector<weir::transport::stored_message> expected(std::string_view all, bool keyed,
                                                      bool& wrong) {
    std::vector<weir::transport::stored_message> good;
    auto lines = fuzz::split(all, '\n');
    if (lines.back().empty()) lines.pop_back();  // the last line has its end
    for (auto& line : lines) {
        if (&line == &lines.front() && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
        if (line.ends_with('\r')) line.pop_back();
        if (line.find_first_not_of(" \t") == line.npos) continue;
        weir::transport::stored_message m;
        auto value = std::string_view{line};
        if (keyed) {
            const auto tab = line.find('\t');
            if (wrong = tab == std::string::npos; wrong) break;
            m.key = weir::bytes{line.substr(0, tab)};
            value.remove_prefix(tab + 1);
        }
        try {
            weir::detail::check_decodes<reading>(value);
        } catch (const weir::decode_error&) {
            wrong = true;
            break;
        }
        m.value.assign(value);
        good.push_back(std::move(m));
    }
    return good;
}

void try_as(std::string_view all, bool keyed) {
    const int fd = ::memfd_create("lines", MFD_CLOEXEC);
    fuzz::require(::write(fd, all.data(), all.size()) == static_cast<::ssize_t>(all.size()),
                  "the file is written");
    auto broker = std::make_shared<weir::transport::memory_broker>();
    broker->create_topic({"t", 1});
    weir::detail::topic_info t{"t"};
    t.value = weir::detail::data_type_of<reading>();
    if (keyed) t.key = weir::detail::data_type_of<std::string>();
    const weir::clock clock;
    std::string error;
    {
        weir::detail::line_input input{t,
                                       {"/proc/self/fd/" + std::to_string(fd), keyed},
                                       weir::transport::connect(broker, "g"),
                                       clock};
        while (input.turn()) {}
        error = input.error();
    }
    ::close(fd);
    bool wrong = false;
    const auto good = expected(all, keyed, wrong);
    const auto held = broker->dump("t");
    fuzz::require(wrong == !error.empty(), "an error is told if there is one");
    fuzz::require(held.size() == good.size(), "all good lines are there, and no other");
    for (std::size_t i = 0; i < good.size(); ++i)
        fuzz::require(held[i].key == good[i].key && held[i].value == good[i].value,
                      "a message is its line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try_as(fuzz::text(data, size), false);
    try_as(fuzz::text(data, size), true);
    return 0;
}
