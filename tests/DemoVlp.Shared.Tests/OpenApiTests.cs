using DemoVlp.Gateway;
using DemoVlp.Standalone;
using DemoVlp.Testing;

namespace DemoVlp.Shared.Tests;

public sealed class OpenApiTests
{
    private const string Renew = "DEMOVLP_RENEW_OPENAPI";

    [Fact]
    public async Task Document_WhenGeneratedFromTheEndpoints_IsTheCommittedOne()
    {
        var committed = Path.Combine(RepositoryRoot.Find(), "gateway", "DemoVlp.Gateway", "openapi", "v1.json");
        using var data = new TemporaryFolder();
        await using var app = StandaloneHost.Build([$"--DEMOVLP_DATA={data.Path}", "--DEMOVLP_PORT=0"]);

        var generated = await ApiDescription.GenerateAsync(app, TestContext.Current.CancellationToken);

        if (Environment.GetEnvironmentVariable(Renew) == "1") await File.WriteAllTextAsync(committed, generated, TestContext.Current.CancellationToken);
        Assert.True(generated == await File.ReadAllTextAsync(committed, TestContext.Current.CancellationToken),
            $"The API has changed. Run this test with {Renew}=1, look at the difference in gateway/DemoVlp.Gateway/openapi/v1.json and commit it.");
    }
}
