using DemoVlp.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace DemoVlp.Gateway.Startup;

/// <summary>Runs a host so that a person who configured it wrongly reads a sentence, not a stack trace.</summary>
public static class PlainStart
{
    /// <summary>Builds and runs the host until it is told to stop.</summary>
    /// <returns>The exit code: 0, or 1 if it refused to start.</returns>
    public static async Task<int> RunAsync(Func<WebApplication> build)
    {
        try
        {
            await using var app = build();
            await app.RunAsync();
            return 0;
        }
        catch (Exception refusal) when (refusal is StartupRefusedException or OptionsValidationException)
        {
            await Console.Error.WriteLineAsync(refusal.Message);
            return 1;
        }
        catch (Exception cause) when (StorageFull.Caused(cause))
        {
            await Console.Error.WriteLineAsync("Not started: there is no room left on the disk with the data.");
            return 1;
        }
    }
}

/// <summary>The host cannot or must not start as configured; the message says why and what to change.</summary>
/// <param name="message">For a person.</param>
public sealed class StartupRefusedException(string message) : Exception(message);
