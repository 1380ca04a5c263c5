using DemoVlp.Gateway.Startup;
using DemoVlp.Standalone;
using DemoVlp.Testing;

namespace DemoVlp.Shared.Tests;

public sealed class StandaloneStartTests
{
    [Theory]
    [InlineData("Compute:Device", "cuda:none")]
    [InlineData("Compute:Precision", "float8")]
    [InlineData("Compute:Threads", "0")]
    public async Task Start_WhenAComputeSettingHasNoSuchValue_IsRefusedInOneLine(string setting, string value)
    {
        using var data = new TemporaryFolder();
        string[] args = [$"--DEMOVLP_DATA={data.Path}", "--DEMOVLP_PORT=0", $"--{setting}={value}"];

        var refusal = Assert.Throws<StartupRefusedException>(() => StandaloneHost.Build(args));
        var code = await PlainStart.RunAsync(() => StandaloneHost.Build(args)); // Writes the sentence to standard error.

        Assert.StartsWith($"Not started: {setting} is '{value}'", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Equal(1, code);
    }
}
