// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by: this value has no codec: make it an aggregate, or specialise weir::codec
#include <weir/weir.hpp>

#include <string>

class secret {
public:
    explicit secret(std::string s) : s_(std::move(s)) {}
    const std::string& text() const { return s_; }

private:
    std::string s_;
};

int main() {
    weir::app app{"a"};
    const auto hide = [](const std::string& s) { return secret{s}; };
    [[maybe_unused]] auto s = app.topic<std::string>("t") | weir::map(hide) |
                              weir::group_by([](const secret& s) { return s.text(); }, "text");
}
