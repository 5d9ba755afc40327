// SPDX-License-Identifier: Apache-2.0
// A blocking client, one call a message: 16 at a time, in order of the keys. The server is real,
// and in this process.
//
// Prints:
//   500 answers, in order of their keys
//   the server has seen 500 requests
#include <fmt/core.h>
#include <httplib.h>

#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    std::string account;
    int number;
};
struct answer {
    std::string account;
    int number;
    std::string text;
};

/// Answers GET /check?account=…
class server {
public:
    server() {
        http_.Get("/check", [this](const httplib::Request& ask, httplib::Response& say) {
            ++requests;
            say.set_content("checked " + ask.get_param_value("account"), "text/plain");
        });
        port = http_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread{[this] { http_.listen_after_bind(); }};
    }
    ~server() { http_.stop(), thread_.join(); }

    int port = 0;
    std::atomic<int> requests = 0;

private:
    httplib::Server http_;
    std::thread thread_;
};

int main(int argc, char** argv) try {
    server shop;
    weir::app app{"http", {.offload_threads = 16}};
    auto orders = app.topic<order>("orders", {.partitions = 1});  // one, so they come in order

    // [http]
    const auto check = [port = shop.port](order o) -> weir::task<answer> {
        auto get = [port, account = o.account] {  // runs on another thread: it owns what it needs
            httplib::Client client{"127.0.0.1", port};
            const auto got = client.Get("/check?account=" + account);
            if (!got || got->status != 200) throw std::runtime_error{"the server does not answer"};
            return got->body;
        };
        auto text = co_await weir::offload(std::move(get));  // two lines: see docs/coroutines.md
        co_return answer{o.account, o.number, std::move(text)};
    };
    std::map<std::string, std::vector<answer>> answers;
    std::size_t seen = 0;
    app.agent("check", orders
        | weir::group_by(&order::account)
        | weir::map(check, {.concurrency = 16, .order = weir::order_by::key})
        | weir::for_each([&](const answer& a) {
              answers[a.account].push_back(a);
              if (++seen == 500) app.stop();
          }),
        {.on_error = weir::retry(3, 100ms)});  // a failed request is made again
    // [/http]

    std::vector<order> some;
    for (int n = 0; n < 500; ++n) some.push_back({"account-" + std::to_string(n % 97), n});
    app.agent("feed", weir::from(some) | weir::to(orders));
    const int status = app.main(argc, argv);

    bool in_order = true;
    for (auto& [account, of] : answers)
        for (std::size_t i = 0; i < of.size(); ++i)
            in_order &= of[i].text == "checked " + account &&
                        (i == 0 || of[i - 1].number < of[i].number);
    fmt::print("{} answers, {}in order of their keys\n", seen, in_order ? "" : "not ");
    fmt::print("the server has seen {} requests\n", shop.requests.load());
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
