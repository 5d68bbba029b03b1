class {{class}} < Formula
  desc "{{about}}"
  homepage "{{homepage}}"
  version "{{version}}"
  license "{{license}}"

{{downloads}}

  def install
    bin.install "{{binary}}"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/{{binary}} --version")
  end
end
