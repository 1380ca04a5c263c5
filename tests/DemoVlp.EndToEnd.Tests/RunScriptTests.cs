using System.Globalization;
using System.Text;
using CliWrap;
using DemoVlp.Testing;

namespace DemoVlp.EndToEnd.Tests;

/// <summary>The one command with which people begin does what the README shows.</summary>
public sealed class RunScriptTests
{
    private static readonly string[] EndOfTheFirst = ["preparing", "completed  pass 3/3", "All of it worked."], EndOfTheSecond = ["Training was tried in an earlier start", "All of it worked."];

    [Fact]
    public async Task Run_OnceAndAgainOnTheSameData_FindsAnswersAndTrainsTheFirstTime()
    {
        using var folder = new TemporaryFolder();
        foreach (var end in new[] { EndOfTheFirst, EndOfTheSecond })
        {
            var (code, said) = await RunAsync(folder["data"]);
            Assert.True(code == 0, said);
            var at = 0;
            string[] inTurn = ["Putting in 8 clips", "Three searches", "Three questions", " of 6 right", .. end];
            foreach (var expected in inTurn)
            {
                at = said.IndexOf(expected, at, StringComparison.Ordinal);
                Assert.True(at >= 0, $"It did not say '{expected}' in its turn:\n{said}");
            }
            // What is wrong is printed and no fault; but of six it may be one, where another processor rounds otherwise.
            Assert.InRange(said.Split(": right").Length - 1, 5, 6);
        }
    }

    private static async Task<(int Code, string Said)> RunAsync(string data)
    {
        var said = new StringBuilder();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(12)); // The first builds the system.
        // If it takes longer it is asked to end, so that it stops what it has started.
        var result = await Cli.Wrap("bash").WithArguments([Path.Combine(RepositoryRoot.Find(), "infra", "run.sh"), "--once"])
            .WithEnvironmentVariables(variables => variables.Set("DEMOVLP_DATA", data).Set("DEMOVLP_PORT", FreePort.Next().ToString(CultureInfo.InvariantCulture)))
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(said)).WithStandardErrorPipe(PipeTarget.ToStringBuilder(said))
            .WithValidation(CommandResultValidation.None).ExecuteAsync(CancellationToken.None, patience.Token);
        return (result.ExitCode, said.ToString());
    }
}
