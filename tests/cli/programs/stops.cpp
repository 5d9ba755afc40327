// SPDX-License-Identifier: Apache-2.0
// What a test starts as a process: prints each value of topic "t" as it comes, the size of
// each batch of three that it makes of them, and at its end how far it came. "later" fails, and is
// to be tried again in an hour.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include <weir/weir.hpp>

int main(int argc, char** argv) {
    weir::app app{"stops"};
    const auto print = [](const std::string& line) {
        fmt::print("{}\n", line);
        std::fflush(stdout);
        while (line == "hang") ::pause();
        if (line == "later") throw std::runtime_error{"not now"};
    };
    app.agent("batches",
              app.topic<std::string>("t")  //
                  | weir::tap(print)       //
                  | weir::take(3)          //
                  | weir::for_each([&](const auto& batch) {
                        print(fmt::format("batch of {}", batch.size()));
                    }),
              {.on_error = weir::retry(1, std::chrono::hours{1})});
    const int code = app.main(argc, argv);
    for (auto& p : app.partitions())
        fmt::print("committed {}[{}] {}\n", p.topic, p.partition, p.committed.value_or(-1));
    return code;
}
