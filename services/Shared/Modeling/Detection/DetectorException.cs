namespace DemoVlp.Modeling.Detection;

/// <summary>A frame or box that a detector cannot work with (files have <see cref="ModelFormatException"/>). <see cref="Code"/> is stable, the message is for people.</summary>
public sealed class DetectorException : Exception
{
    /// <summary>A failure with its stable code.</summary>
    public DetectorException(string code, string message, Exception? inner = null) : base(message, inner) => Code = code;

    /// <summary>
    /// <c>frame-invalid</c>, <c>boxes-invalid</c> or <c>features-not-finite</c>.
    /// </summary>
    public string Code { get; }
}
